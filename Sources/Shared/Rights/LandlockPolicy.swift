/// Access to files and folders, in the kernel's bits (LANDLOCK_ACCESS_FS_*).
public struct FileAccess: OptionSet, Sendable {
  public let rawValue: UInt64

  public init(rawValue: UInt64) { self.rawValue = rawValue }

  public static let execute = FileAccess(rawValue: 1 << 0)
  public static let writeFile = FileAccess(rawValue: 1 << 1)
  public static let readFile = FileAccess(rawValue: 1 << 2)
  public static let readFolder = FileAccess(rawValue: 1 << 3)
  public static let removeFolder = FileAccess(rawValue: 1 << 4)
  public static let removeFile = FileAccess(rawValue: 1 << 5)
  public static let makeCharacterDevice = FileAccess(rawValue: 1 << 6)
  public static let makeFolder = FileAccess(rawValue: 1 << 7)
  public static let makeFile = FileAccess(rawValue: 1 << 8)
  public static let makeSocket = FileAccess(rawValue: 1 << 9)
  public static let makePipe = FileAccess(rawValue: 1 << 10)
  public static let makeBlockDevice = FileAccess(rawValue: 1 << 11)
  public static let makeLink = FileAccess(rawValue: 1 << 12)
  public static let moveBetweenFolders = FileAccess(rawValue: 1 << 13)
  public static let truncate = FileAccess(rawValue: 1 << 14)
  public static let controlDevice = FileAccess(rawValue: 1 << 15)

  /// Files and lists of folders.
  public static let read: FileAccess = [.readFile, .readFolder]
  /// Contents of files that are there.
  public static let change: FileAccess = [.readFile, .writeFile, .truncate]
  /// A tree that is the process's own: everything but devices, links and programs.
  public static let own: FileAccess = [
    .read, .change, .makeFile, .makeFolder, .makeSocket, .makePipe, .removeFile, .removeFolder,
  ]
  /// What has a meaning for a file that is no folder.
  public static let ofFiles: FileAccess = [.execute, .writeFile, .readFile, .truncate, .controlDevice]

  /// Each bit with its name, for people.
  public static let names: [(FileAccess, String)] = [
    (.execute, "execute"), (.writeFile, "write"), (.readFile, "read"), (.readFolder, "list"),
    (.removeFolder, "remove folders"), (.removeFile, "remove files"), (.makeCharacterDevice, "make character devices"),
    (.makeFolder, "make folders"), (.makeFile, "make files"), (.makeSocket, "make sockets"), (.makePipe, "make pipes"),
    (.makeBlockDevice, "make block devices"), (.makeLink, "make symbolic links"),
    (.moveBetweenFolders, "move between folders"), (.truncate, "truncate"), (.controlDevice, "control devices"),
  ]
}

/// A file or a tree that a rule is about.
public enum Place: Hashable, Sendable {
  /// The same on every node; where it does not exist the rule is left out.
  case path(String)
  /// The backing images.
  case images
  /// The folders of all instances.
  case instances
  /// The control group of launcher-vmm's unit, where it is delegated.
  case machineGroups
  /// The folder of the process's log files, where it writes any.
  case logs
  /// The folder of the metrics file, where one is written.
  case metrics
  /// The files of the programs that the spawner may start.
  case programs
  /// The file of the program that is being started.
  case program
  /// The files of the EFI firmware, where there is one.
  case firmware
  /// The folder in which an instance is being made.
  case staging
  /// The backing image of an instance, and the images below it.
  case backingImage
  /// The folder of volumes, where there is one.
  case volumes
  /// The file with the key of Ceph's client that machines are, where volumes are RBD images.
  case cephKeyring
  /// An instance's disk: the overlay over its backing image.
  case disk
  /// An instance's config drive.
  case configDrive
  /// An instance's EFI variables; only where its firmware is EFI.
  case firmwareVariables
}

public struct FileRule: Sendable {
  public let place: Place
  public let access: FileAccess
  public let reason: String
}

/// TCP ports that a process may connect to, or bind.
public enum TCPPorts: Sendable, Equatable {
  /// Landlock does not decide.
  case any
  case only([UInt16])
  /// The ports of the configured schedulers.
  case schedulers
  /// Those that Ceph's daemons have.
  case ceph

  public static let none = TCPPorts.only([])

  /// Where Ceph's monitors listen, and its other daemons, unless a cluster is configured otherwise.
  public static let cephMonitors: [UInt16] = [3300, 6789]
  public static let cephDaemons: ClosedRange<UInt16> = 6800...7568
}

/// A Landlock domain as data. What it does not list is forbidden; it does not govern UDP, nor connecting to AF_UNIX
/// sockets that have a path, nor looking at names and times of files: seccomp and the owners of files see to those.
public struct LandlockPolicy: Sendable {
  public internal(set) var files: [FileRule]
  public internal(set) var connect: TCPPorts
  public let bind: TCPPorts
  /// No abstract AF_UNIX socket of a process outside the domain can be connected to.
  public let scopesAbstractSockets: Bool
  /// No process outside the domain can be sent a signal.
  public let scopesSignals: Bool
  /// Why, where the process needs what a scope would take.
  public let scopeReason: String
}

/// Whether a process enters a Landlock domain of its own.
public enum LandlockUse: Sendable {
  case domain(LandlockPolicy)
  case none(because: String)

  static func own(
    files: [FileRule], connect: TCPPorts = .none, bind: TCPPorts = .none, scopesAbstractSockets: Bool = true,
    scopesSignals: Bool = true, because scopeReason: String = ""
  ) -> LandlockUse {
    .domain(
      LandlockPolicy(
        files: files, connect: connect, bind: bind, scopesAbstractSockets: scopesAbstractSockets,
        scopesSignals: scopesSignals, scopeReason: scopeReason))
  }
}

func allow(_ access: FileAccess, _ places: Place..., because reason: String) -> [FileRule] {
  places.map { FileRule(place: $0, access: access, reason: reason) }
}

/// What every dynamically linked program opens before its first instruction of its own.
let dynamicLoader: [FileRule] =
  allow(.read, .path("/usr/lib"), .path("/usr/lib64"), .path("/usr/local/lib"), because: "shared libraries")
  + allow(.read, .path("/lib"), .path("/lib64"), because: "the same, where /lib is not /usr/lib")
  + allow(.readFile, .path("/etc/ld.so.cache"), because: "where shared libraries are")
  + allow(
    [.execute, .readFile], .path("/lib64/ld-linux-x86-64.so.2"), .path("/lib/ld-linux-aarch64.so.1"),
    because: "the dynamic loader is executed with the program")
