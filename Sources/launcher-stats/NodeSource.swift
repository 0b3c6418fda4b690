import CShims
import Glibc
import Glog
import Instances
import Linux

/// Where the node's figures come from: files that are opened before the confinement and read again for each sample.
final class NodeSource {
  /// Bytes: /proc/stat has a line for each CPU and one number for each interrupt.
  private static let limit = 1_048_576

  private let meminfo: Descriptor?
  private let loadavg: Descriptor?
  private let stat: Descriptor?
  private let instances: Descriptor?
  /// What has been complained about: a value that cannot be read is logged once, not at every sample.
  private var complained: Set<String> = []

  /// - instances: the folder whose file system counts.
  init(instances path: String) {
    func open(_ path: String, _ flags: Int32) -> Descriptor? {
      do {
        return try Descriptor.open(path, flags)
      } catch {
        log.error("\(error): its figures will be -1")
        return nil
      }
    }
    meminfo = open("/proc/meminfo", O_RDONLY)
    loadavg = open("/proc/loadavg", O_RDONLY)
    stat = open("/proc/stat", O_RDONLY)
    do {
      instances = try Descriptor.name(path)
    } catch {
      log.error("\(error): the disk's figures will be -1")
      instances = nil
    }
  }

  func sample() -> NodeSample {
    var sample = NodeSample()
    if let text = read(meminfo, "/proc/meminfo") {
      (sample.memoryTotalMB, sample.memoryAvailableMB) = NodeFigures.memory(meminfo: text)
      expect(sample.memoryTotalMB, "/proc/meminfo: MemTotal")
      expect(sample.memoryAvailableMB, "/proc/meminfo: MemFree, Active(file) and Inactive(file)")
    }
    if let text = read(loadavg, "/proc/loadavg") {
      sample.load = NodeFigures.load(loadavg: text)
      expect(sample.load, "/proc/loadavg: the load")
    }
    if let text = read(stat, "/proc/stat") {
      sample.cpusOnline = NodeFigures.cpusOnline(stat: text)
      expect(sample.cpusOnline, "/proc/stat: the CPUs")
    }
    if let instances {
      var status = statfs()
      if fstatfs(instances.raw, &status) == 0 {
        (sample.diskTotalMB, sample.diskAvailableMB) = NodeFigures.disk(status)
        expect(min(sample.diskTotalMB, sample.diskAvailableMB), "statfs of the instances folder: sizes")
      } else {
        complain("statfs of the instances folder: \(SystemError.text(errno))")
      }
    }
    sample.hostName = hostName()
    return sample
  }

  private func read(_ file: Descriptor?, _ path: String) -> [UInt8]? {
    guard let file else { return nil }
    do {
      return try Files.read(file, named: path, limit: Self.limit)
    } catch {
      complain("\(path): \(error)")
      return nil
    }
  }

  private func expect(_ figure: Int, _ what: String) {
    if figure < 0 { complain("\(what): missing or absurd") }
  }

  private func complain(_ text: String) {
    if complained.insert(text).inserted { log.error("\(text): reported as -1") }
  }

  private func hostName() -> String {
    var name = utsname()
    guard uname(&name) == 0 else { return "" }
    return withUnsafeBytes(of: &name.nodename) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
  }
}
