import AsyncLoop
import Confinement
import Glibc
import Glog
import Instances
import Linux
import Spawning

/// The folder of instances: one folder each, made and removed as a whole.
///
/// A new instance grows in a staging folder and gets its name by a rename when it is complete and synced; a deleted
/// one loses its name before its files go. So a crash at any instruction leaves no instance or a whole one, and what
/// is left of the other is removed at start-up.
struct InstanceStore {
  private static let deletedPrefix = ".deleted-"

  let instances: Descriptor
  let images: Descriptor
  /// Their paths.
  let instancesPath: String
  let imagesPath: String
  /// What is done for one of many instances that are made at once.
  let lane = DiskLane()

  struct InUse: Error, CustomStringConvertible {
    let path: String
    var description: String {
      "\(path): another launcher-vmm works on these instances (it holds the folder's lock): stop that launcher first"
    }
  }

  /// Milliseconds to wait for an earlier launcher-vmm that is about to end, and between two looks.
  private static let lockPatience = 3000
  private static let lockPause = 10

  init(_ folders: StateFolder) throws {
    instancesPath = folders.instances
    imagesPath = folders.images
    instances = try Descriptor.open(instancesPath, O_RDONLY | O_DIRECTORY)
    images = try Descriptor.open(imagesPath, O_RDONLY | O_DIRECTORY)
    try lock()
  }

  /// What the manager needs of this node.
  func surroundings(_ firmware: FirmwareFiles?, machineGroups: String?, volumes: String? = nil)
    throws(SystemError) -> Surroundings
  {
    var surroundings = Surroundings()
    if let volumes { try surroundings.set(.volumes, path: volumes) } else { surroundings.set(.volumes, []) }
    try surroundings.set(.images, path: imagesPath)
    try surroundings.set(.instances, path: instancesPath)
    surroundings.set(.firmware, try firmware?.handles() ?? [])
    if let machineGroups {
      try surroundings.set(.machineGroups, path: machineGroups)
    } else {
      surroundings.set(.machineGroups, [])
    }
    return surroundings
  }

  /// Takes the instances for this process alone; the kernel frees them when it ends, however it ends.
  private func lock() throws {
    for _ in 0..<Self.lockPatience / Self.lockPause {
      if flock(instances.raw, LOCK_EX | LOCK_NB) == 0 { return }
      guard errno == EWOULDBLOCK else { throw SystemError("lock", instancesPath) }
      usleep(UInt32(Self.lockPause) * 1000)
    }
    throw InUse(path: instancesPath)
  }

  private static let simulationMark = ".simulation"

  struct Mixed: Error, CustomStringConvertible {
    let path: String
    let isSimulated: Bool
    var description: String {
      isSimulated
        ? "\(path): its instances are a simulation's; use -simulation, another -state-dir, or -hard-reset to delete them"
        : "\(path): its instances are real; use another -state-dir for -simulation"
    }
  }

  /// Its instances are a simulation's.
  var isSimulated: Bool {
    get throws(SystemError) { try Files.names(in: instances).contains(Self.simulationMark) }
  }

  /// Sees to it that real and simulated instances are never in one folder: each kind of node takes a folder without
  /// instances, or with those of its own kind.
  func claim(forSimulation isSimulation: Bool) throws {
    let names = try Files.names(in: instances)
    let isSimulated = names.contains(Self.simulationMark)
    guard isSimulated != isSimulation else { return }
    guard !names.contains(where: { Identifier($0) != nil }) else {
      throw Mixed(path: instancesPath, isSimulated: isSimulated)
    }
    if isSimulation {
      try Files.create(Self.simulationMark, [], in: instances)
    } else {
      try Files.remove(Self.simulationMark, in: instances)
    }
    try Files.sync(instances, named: instancesPath)
  }

  /// A folder of one instance, in staging or in place.
  struct Folder {
    let handle: Descriptor
    /// Absolute.
    let path: String
  }

  /// Removes what an interrupted START or DELETE left, and gives what the deleted instances were, where their state
  /// says so. What cannot be removed stays, and hinders nobody.
  @discardableResult
  func removeLeftovers() throws(SystemError) -> [InstanceFile] {
    var deleted: [InstanceFile] = []
    for name in try Files.names(in: instances) {
      let isDeleted = name.hasPrefix(Self.deletedPrefix)
      guard isDeleted || name.hasPrefix(StateFolder.stagingPrefix) else { continue }
      log.info("removing \(instancesPath)/\(name), left by an interrupted command")
      if isDeleted, let folder = try? Descriptor.folder(name, in: instances),
        let state = try? Self.readState(in: folder)
      {
        deleted.append(state)
      }
      removeOrLeave(name)
    }
    return deleted
  }

  /// The instances that have a folder. Names that are no instance's are left alone.
  func list() throws(SystemError) -> [Identifier] {
    try Files.names(in: instances).filter { !$0.hasPrefix(".") }.compactMap {
      guard let id = Identifier($0) else {
        log.warning("\(instancesPath)/\($0) is no instance's folder; left alone")
        return nil
      }
      return id
    }.sorted()
  }

  func folder(of id: Identifier) throws(SystemError) -> Folder {
    Folder(handle: try .folder(id.text, in: instances), path: "\(instancesPath)/\(id)")
  }

  func readState(of id: Identifier) throws -> InstanceFile {
    let state = try Self.readState(in: folder(of: id).handle)
    guard state.spec.instance == id else { throw InstanceFile.Unreadable.malformed("of another instance") }
    return state
  }

  private static func readState(in folder: Descriptor) throws -> InstanceFile {
    let file = try Descriptor.open(InstanceFile.name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, in: folder)
    return try InstanceFile(bytes: Files.read(file, named: InstanceFile.name, limit: InstanceFile.limits.bytes))
  }

  /// Gives a new instance its state, in a folder that is yet to be synced.
  func createState(_ state: InstanceFile, in folder: Folder) throws(SystemError) {
    try Files.create(InstanceFile.name, state.bytes, in: folder.handle)
    try Files.sync(InstanceFile.name, in: folder.handle)
  }

  func writeState(_ state: InstanceFile, in folder: Folder) throws(SystemError) {
    try Files.replace(InstanceFile.name, with: state.bytes, in: folder.handle)
  }

  /// An empty staging folder for a new instance.
  func makeStaging(for id: Identifier) throws(SystemError) -> Folder {
    let name = StateFolder.stagingPrefix + id.text
    try Files.removeTree(name, in: instances)
    try Files.makeFolder(name, in: instances)
    return Folder(handle: try .folder(name, in: instances), path: "\(instancesPath)/\(name)")
  }

  /// Gives a complete instance its name, durably.
  @LoopActor func commitStaging(of id: Identifier, _ folder: Folder) throws(SystemError) {
    try Files.sync(folder.handle, named: folder.path)
    try Files.move(StateFolder.stagingPrefix + id.text, in: instances, to: id.text, in: instances)
    StopPoint.nameGiven.reach()
    do {
      try Files.sync(instances, named: instancesPath)
    } catch {
      // The name may be lost at a power failure: then it is given to nobody now.
      try? Files.move(id.text, in: instances, to: StateFolder.stagingPrefix + id.text, in: instances)
      throw error
    }
  }

  func discardStaging(of id: Identifier) {
    do {
      try Files.removeTree(StateFolder.stagingPrefix + id.text, in: instances)
    } catch {
      log.error("\(id): remove the staging folder: \(error); it is removed at the next start")
    }
  }

  /// Removes an instance: its name first, durably, then its files. `between` runs when there is no instance any more,
  /// and its files still say what it was.
  @LoopActor func remove(_ id: Identifier, between: () -> Void = {}) throws(SystemError) {
    let doomed = Self.deletedPrefix + id.text
    try Files.removeTree(doomed, in: instances)
    try Files.move(id.text, in: instances, to: doomed, in: instances)
    StopPoint.nameTaken.reach()
    try Files.sync(instances, named: instancesPath)
    between()
    removeOrLeave(doomed)
  }

  /// Without its name there is no instance any more, whatever becomes of its files.
  private func removeOrLeave(_ name: String) {
    do {
      try Files.removeTree(name, in: instances)
    } catch {
      log.error("remove \(instancesPath)/\(name): \(error); tried again at the next start")
    }
  }
}
