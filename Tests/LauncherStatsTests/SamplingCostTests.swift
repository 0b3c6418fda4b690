import Channel
import Glibc
import Instances
import Linux
import Testing

@testable import launcher_stats

/// The promises of docs/STATS.md on what launcher-stats costs a node.
enum SamplingCost {
  static let instances = 500
  /// Milliseconds of CPU time of one sample, node and instances.
  static let promisedMilliseconds = 25.0
  static let descriptorsOfAnInstance = 3
  /// Bytes that each stand-in for a machine holds: what the kernel walks to tell its proportional size.
  static let memory = 64 * 1_048_576
  static let samples = 5

  static func cpuMilliseconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) * 1000 + Double(time.tv_nsec) / 1_000_000
  }

  static func openDescriptors() throws -> Int {
    let folder = try Descriptor.open("/proc/self/fd", O_RDONLY | O_DIRECTORY)
    return try Files.names(in: folder).count
  }
}

/// In a process of its own, so that nothing else spends CPU time or opens files.
@Test func samplingCostStaysWithinItsPromises() async throws {
  let result = try await #require(
    processExitsWith: .success, observing: [\.standardOutputContent]
  ) {
    var limit = rlimit()
    let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    getrlimit(resource, &limit)
    limit.rlim_cur = limit.rlim_max
    setrlimit(resource, &limit)
    let block = mmap(nil, SamplingCost.memory, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)!
    memset(block, 1, SamplingCost.memory)
    let machines = (0..<SamplingCost.instances).map { _ in Stand() }
    let node = NodeSource(instances: "/")
    let sampler = InstanceSampler()
    let before = try SamplingCost.openDescriptors()
    for (number, machine) in machines.enumerated() {
      sampler.update(
        InstanceRecord(
          instance: Identifier("\(number)")!, state: .active, vcpus: 1, sshIP: IPv4Address("10.0.0.1"), sshPort: 33_000),
        try machine.files())
    }
    let descriptors = try SamplingCost.openDescriptors() - before
    precondition(descriptors == SamplingCost.instances * SamplingCost.descriptorsOfAnInstance, "\(descriptors)")
    var costs: [Double] = []
    var measured = 0
    for _ in 0..<SamplingCost.samples {
      let start = SamplingCost.cpuMilliseconds()
      _ = node.sample()
      let samples = sampler.sample()
      costs.append(SamplingCost.cpuMilliseconds() - start)
      precondition(samples.count == SamplingCost.instances)
      measured = samples.count { $0.memoryUsageMB >= 0 }
    }
    costs.sort()
    print(
      "a sample of \(SamplingCost.instances) instances: median \(costs[costs.count / 2]) ms of CPU time, "
        + "promised below \(SamplingCost.promisedMilliseconds) ms; "
        + "\(measured) measured after \(costs.count) samples; \(descriptors) descriptors")
    precondition(costs[costs.count / 2] < SamplingCost.promisedMilliseconds, "\(costs)")
  }
  print(String(decoding: result.standardOutputContent, as: UTF8.self))
}
