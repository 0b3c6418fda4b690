import Channel
import Confinement
import Glibc
import Instances
import Linux
import Rights
public import Settings

/// Makes the jail of each child: what it gets between fork and exec.
///
/// Paths are built here, from the folders that this process was started with and from names that cannot lead out of
/// them; the handles that the Landlock rules are made of are opened here as well.
public struct Jailer {
  struct Refused: Error, CustomStringConvertible {
    let description: String
  }

  private let folders: StateFolder
  private let images: Descriptor
  private let instances: Descriptor
  private let firmware: [Descriptor]
  private let hasVariables: Bool
  private let programs: [Program: Descriptor]
  private let filters: [Program: [UInt8]]
  private let rights: [Program: ProcessRights]
  private let pool: RBDPool?

  /// - hasWindows: machines are shown on the operator's desktop.
  /// - pool: volumes are its images.
  public init(
    _ folders: StateFolder, _ paths: ProgramPaths, firmware: FirmwareFiles?, hasWindows: Bool = false,
    pool: RBDPool? = nil
  ) throws {
    self.folders = folders
    self.pool = pool
    self.firmware = try firmware?.handles() ?? []
    hasVariables = firmware?.variablesTemplate != nil
    images = try .name(folders.images, followingLinks: true)
    instances = try .name(folders.instances, followingLinks: true)
    var programs: [Program: Descriptor] = [:]
    var filters: [Program: [UInt8]] = [:]
    var allRights: [Program: ProcessRights] = [:]
    for program in Program.allCases {
      programs[program] = try paths[program].map { (path) throws(SystemError) in
        try .name(path, followingLinks: true)
      }
      let rights = program.rights(hasWindows: hasWindows, hasRBD: pool != nil)
      filters[program] = try SeccompFilter.program(rights.seccomp)
      allRights[program] = rights
    }
    rights = allRights
    self.programs = programs
    self.filters = filters
  }

  /// What the spawner itself needs of this node.
  public var surroundings: Surroundings {
    var surroundings = Surroundings()
    surroundings.set(.images, [images])
    surroundings.set(.instances, [instances])
    surroundings.set(.programs, Array(programs.values))
    surroundings.set(.firmware, firmware)
    return surroundings
  }

  struct Jail {
    /// nil where the kernel has no Landlock.
    let ruleset: Descriptor?
    let filter: [UInt8]
    let limits: [ResourceLimit]
    /// The folder that the program works in.
    let folder: String
  }

  func jail(for task: SpawnTask) throws -> Jail {
    var surroundings = Surroundings()
    surroundings.set(.program, programs[task.program].map { [$0] } ?? [])
    let name: String
    switch task {
    case .machine(let spec, let stack, _, _):
      name = spec.instance.text
      let folder = try folder(name)
      var disk: [Descriptor] = []
      var images: [Descriptor] = []
      if let image = spec.image, let stack {
        disk = [try file(InstanceDisk.name, in: folder)]
        images = try files(image, stack)
      }
      surroundings.set(.disk, disk)
      surroundings.set(.backingImage, images)
      let drives = [ConfigDrive.name] + (task.hasSchedulerDrive ? [SchedulerDrive.name] : [])
      surroundings.set(.configDrive, try drives.map { try file($0, in: folder) })
      surroundings.set(
        .firmwareVariables,
        spec.firmware == .efi && hasVariables ? [try file(FirmwareFiles.variablesName, in: folder)] : [])
      surroundings.set(.firmware, spec.firmware == .efi ? firmware : [])
      // One that is not there, or not for this user to read, QEMU will name.
      if let pool { surroundings.set(.cephKeyring, (try? [.name(pool.keyring, followingLinks: true)]) ?? []) }
    case .overlay(let instance, let image, let stack, _):
      name = StateFolder.stagingPrefix + instance.text
      surroundings.set(.staging, [try folder(name)])
      surroundings.set(.backingImage, try files(image, stack))
    case .ephemeralVolume(let instance, _, _):
      name = StateFolder.stagingPrefix + instance.text
      surroundings.set(.staging, [try folder(name)])
      surroundings.set(.backingImage, [])
    case .configDrive(let instance), .schedulerDrive(let instance):
      name = StateFolder.stagingPrefix + instance.text
      surroundings.set(.staging, [try folder(name)])
    }
    guard let rights = rights[task.program] else { throw Refused(description: "no rights of \(task.program.name)") }
    return Jail(
      ruleset: try ruleset(rights, surroundings), filter: filters[task.program] ?? [],
      limits: rights.limits, folder: "\(folders.instances)/\(name)")
  }

  private func ruleset(_ rights: ProcessRights, _ surroundings: Surroundings) throws(ConfinementError) -> Descriptor? {
    guard case .domain(let policy) = rights.landlock else { return nil }
    return try Landlock.ruleset(policy, surroundings)
  }

  private func folder(_ name: String) throws -> Descriptor {
    let folder = try Descriptor.name(name, in: instances)
    guard try folder.status().st_mode & S_IFMT == S_IFDIR else { throw Refused(description: "\(name): no folder") }
    return folder
  }

  private func file(_ name: String, in folder: Descriptor) throws -> Descriptor {
    try regular(.name(name, in: folder), name)
  }

  /// A backing image and those below it.
  private func files(_ image: ImageName, _ stack: ImageStack) throws -> [Descriptor] {
    try [file(image)] + stack.below.map { try file($0.name) }
  }

  /// The operator may name a backing image by a symbolic link beside it.
  private func file(_ image: ImageName) throws -> Descriptor {
    try regular(.name(beneath: images, image.text), image.text)
  }

  private func regular(_ file: Descriptor, _ name: String) throws -> Descriptor {
    guard try file.status().st_mode & S_IFMT == S_IFREG else { throw Refused(description: "\(name): no regular file") }
    return file
  }
}
