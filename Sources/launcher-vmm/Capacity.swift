import Instances

/// What was promised to an instance, whether it uses it or not.
struct Promise: Equatable {
  /// MiB.
  var memoryMB: Int
  /// 10^6 bytes.
  var diskMB: Int

  init(memoryMB: Int, diskMB: Int) {
    self.memoryMB = memoryMB
    self.diskMB = diskMB
  }

  /// - image: nil for a container, whose disk is what was asked for, and for a machine that has none of its own.
  init(_ spec: InstanceSpec, _ image: BackingImage?) {
    memoryMB = spec.resources.memoryMB
    // One that turns out to be there already counts as well: it is not known before.
    let volumes = spec.volumes.all.reduce(0) { $0 + ($1.ephemeralSize ?? 0) << 30 }
    guard let image else {
      diskMB = Self.megabytes(volumes) + (spec.kind == .docker ? spec.resources.diskMB ?? 0 : 0)
      return
    }
    diskMB = Self.megabytes(image.diskSize(diskMB: spec.resources.diskMB)) + Self.megabytes(volumes)
  }

  /// Rounded up: a node that is full to the last byte has no room for the rest.
  private static func megabytes(_ bytes: Int) -> Int { (bytes + 999_999) / 1_000_000 }
}

/// What was promised to a number of instances together.
struct Promises: Equatable {
  private(set) var count = 0
  private(set) var memoryMB = 0
  private(set) var diskMB = 0

  mutating func add(_ promise: Promise) { change(by: 1, promise) }
  mutating func remove(_ promise: Promise) { change(by: -1, promise) }

  private mutating func change(by sign: Int, _ promise: Promise) {
    count += sign
    memoryMB += sign * promise.memoryMB
    diskMB += sign * promise.diskMB
  }
}

/// How much the node takes on.
struct Capacity: Equatable {
  /// Instances, whatever their state, from which on the node is full.
  var maximumInstances: Int
  /// MiB that may be promised; nil: no limit.
  var memoryMB: Int?
  /// 10^6 bytes that may be promised; nil: no limit.
  var diskMB: Int?
  /// START is refused where it would exceed a limit. Otherwise the node only says that it is full.
  var refuses: Bool

  init(maximumInstances: Int, memoryMB: Int? = nil, diskMB: Int? = nil, refuses: Bool = false) {
    self.maximumInstances = maximumInstances
    self.memoryMB = memoryMB
    self.diskMB = diskMB
    self.refuses = refuses
  }

  /// The least that an instance takes: with less than that left the node is full.
  private static let least = Promise(memoryMB: Resources.defaultMemoryMB, diskMB: 1)

  /// Nothing more fits beside these promises.
  func isFull(_ promises: Promises) -> Bool { exceeded(by: Self.least, beside: promises) != nil }

  /// The limit that one more promise would exceed, in words; nil when it fits.
  func exceeded(by new: Promise, beside promises: Promises) -> String? {
    if promises.count >= maximumInstances { return "\(promises.count) instances, -max-vm is \(maximumInstances)" }
    let memory = promises.memoryMB
    if let memoryMB, memory + new.memoryMB > memoryMB {
      return "\(memory) of \(memoryMB) MiB of memory are promised, \(new.memoryMB) more do not fit"
    }
    let disk = promises.diskMB
    if let diskMB, disk + new.diskMB > diskMB {
      return "\(disk) of \(diskMB) MB of disk are promised, \(new.diskMB) more do not fit"
    }
    return nil
  }
}
