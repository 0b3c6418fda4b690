import CShims
import Glibc

/// Files and folders, relative to an open folder wherever a name comes from a message.
public enum Files {
  public struct TooLarge: Error, CustomStringConvertible {
    public let path: String
    public let limit: Int
    public var description: String { "read \(path): larger than the \(limit) bytes that are taken" }
  }

  /// The whole of a file of at most `limit` bytes.
  public static func read(_ path: String, in folder: Descriptor? = nil, limit: Int) throws -> [UInt8] {
    try read(Descriptor.open(path, O_RDONLY, in: folder), named: path, limit: limit)
  }

  /// The whole of an open file of at most `limit` bytes; also files of /proc, whose size reads as 0.
  public static func read(_ file: Descriptor, named path: String, limit: Int) throws -> [UInt8] {
    let bytes = try file.read(at: 0, count: limit + 1)
    guard bytes.count <= limit else { throw TooLarge(path: path, limit: limit) }
    return bytes
  }

  public static func write(_ bytes: [UInt8], to file: Descriptor, named path: String) throws(SystemError) {
    var done = 0
    while done < bytes.count {
      let n = bytes.withUnsafeBytes { Glibc.write(file.raw, $0.baseAddress! + done, bytes.count - done) }
      if n < 0 && errno == EINTR { continue }
      guard n > 0 else { throw SystemError("write", path) }
      done += n
    }
  }

  /// Creates `path`, which must not exist, with these bytes; not synced.
  public static func create(_ path: String, _ bytes: [UInt8], mode: mode_t = 0o600, in folder: Descriptor? = nil)
    throws(SystemError)
  {
    let file = try Descriptor.open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: mode, in: folder)
    try write(bytes, to: file, named: path)
  }

  /// Puts these bytes in place of `path` so that after a power loss either the old or the new file is whole: new
  /// file, fsync, rename, fsync of the folder.
  public static func replace(_ path: String, with bytes: [UInt8], mode: mode_t = 0o600, in folder: Descriptor)
    throws(SystemError)
  {
    let new = ".\(path).new"
    // What an interrupted attempt left goes first: a file in its place could be of any kind, also one that blocks.
    try remove(new, in: folder)
    let file = try Descriptor.open(new, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: mode, in: folder)
    try write(bytes, to: file, named: new)
    try sync(file, named: new)
    guard renameat(folder.raw, new, folder.raw, path) == 0 else { throw SystemError("rename", path) }
    try sync(folder, named: "folder of \(path)")
  }

  public static func sync(_ file: Descriptor, named path: String) throws(SystemError) {
    guard fsync(file.raw) == 0 else { throw SystemError("fsync", path) }
  }

  /// Opens a file or folder just to sync it.
  public static func sync(_ path: String, in folder: Descriptor) throws(SystemError) {
    try sync(Descriptor.open(path, O_RDONLY | O_NOFOLLOW, in: folder), named: path)
  }

  public static func makeFolder(_ path: String, mode: mode_t = 0o700, in folder: Descriptor? = nil)
    throws(SystemError)
  {
    guard mkdirat(folder?.raw ?? AT_FDCWD, path, mode) == 0 else { throw SystemError("mkdir", path) }
  }

  /// The folder of this name, made if it is not there yet; a new one is synced into its parent.
  public static func ensureFolder(_ path: String, mode: mode_t = 0o700, in folder: Descriptor) throws(SystemError)
    -> Descriptor
  {
    if mkdirat(folder.raw, path, mode) == 0 {
      try sync(folder, named: "folder of \(path)")
    } else if errno != EEXIST {
      throw SystemError("mkdir", path)
    }
    return try Descriptor.folder(path, in: folder)
  }

  /// Moves a name within or between folders; fails with EEXIST when the new name is taken.
  public static func move(_ from: String, in fromFolder: Descriptor, to: String, in toFolder: Descriptor)
    throws(SystemError)
  {
    let result = sh_rename_noreplace(fromFolder.raw, from, toFolder.raw, to)
    guard result == 0 else { throw SystemError("rename", "\(from) to \(to)", code: -result) }
  }

  /// Removes a file; one that is not there is in order.
  public static func remove(_ path: String, in folder: Descriptor) throws(SystemError) {
    guard unlinkat(folder.raw, path, 0) == 0 || errno == ENOENT else { throw SystemError("unlink", path) }
  }

  /// The names in a folder, without `.` and `..`, at most `limit` of them.
  public static func names(in folder: Descriptor, limit: Int = 1_000_000) throws(SystemError) -> [String] {
    try rawNames(in: folder, limit: limit).map { name in
      name.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
    }
  }

  /// The names as the kernel has them, each with its end: not every name is UTF-8.
  private static func rawNames(in folder: Descriptor, limit: Int) throws(SystemError) -> [[CChar]] {
    let copy = openat(folder.raw, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard copy >= 0 else { throw SystemError("list", "folder") }
    guard let stream = fdopendir(copy) else {
      let failure = SystemError("list", "folder")
      close(copy)
      throw failure
    }
    defer { closedir(stream) }
    var names: [[CChar]] = []
    while names.count < limit {
      errno = 0
      guard let entry = readdir(stream) else {
        guard errno == 0 else { throw SystemError("list", "folder") }
        break
      }
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
        bytes.prefix { $0 != 0 }.map { CChar(bitPattern: $0) } + [0]
      }
      if name != [0x2e, 0] && name != [0x2e, 0x2e, 0] { names.append(name) }
    }
    return names
  }

  /// Removes a folder with all below it; follows no symbolic link; what is not there is in order.
  public static func removeTree(_ path: String, in folder: Descriptor, depth: Int = 16) throws(SystemError) {
    try removeTree(path.utf8.map { CChar(bitPattern: $0) } + [0], in: folder, depth: depth)
  }

  private static func removeTree(_ name: [CChar], in folder: Descriptor, depth: Int) throws(SystemError) {
    func shown() -> String { name.withUnsafeBufferPointer { String(cString: $0.baseAddress!) } }
    if unlinkat(folder.raw, name, 0) == 0 || errno == ENOENT { return }
    guard errno == EISDIR || errno == EPERM, depth > 0 else { throw SystemError("unlink", shown()) }
    let fd = openat(folder.raw, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    guard fd >= 0 else { throw SystemError("open", shown()) }
    let inside = Descriptor(fd)
    for inner in try rawNames(in: inside, limit: 1_000_000) { try removeTree(inner, in: inside, depth: depth - 1) }
    guard unlinkat(folder.raw, name, AT_REMOVEDIR) == 0 || errno == ENOENT else { throw SystemError("rmdir", shown()) }
  }
}
