import Glibc
import Linux
import Synchronization

/// A folder of its own for one test, removed with the object, or with the process when that ends before.
public final class TemporaryFolder {
  public let path: String
  public let handle: Descriptor

  /// Where all of them are, and how their names begin: with the run's own name, if it has one, by which `make` knows
  /// what it has left.
  private static let place = "/tmp"
  private static let prefix = "launcher-test-" + (getenv("LAUNCHER_TEST_RUN").map { String(cString: $0) + "-" } ?? "")

  public init() throws {
    var template = Array("\(Self.place)/\(Self.prefix)XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw SystemError("mkdtemp", Self.place) }
    let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    Self.left.withLock { _ = $0.insert(path) }
    _ = Self.removesLeft
    self.path = path
    handle = try Descriptor.folder(path)
  }

  deinit { remove() }

  /// Removes it now, before a test ends its process in a way of which nobody is told.
  public func remove() {
    if Self.left.withLock({ $0.remove(path) }) != nil { Self.remove(path) }
  }

  /// Those of this process whose objects live, as they do when a test ends its process.
  private static let left = Mutex<Set<String>>([])
  private static let owner = getpid()

  private static let removesLeft = {
    _ = owner
    return atexit {
      // Not a child that was forked, whose folders they are not.
      guard getpid() == TemporaryFolder.owner else { return }
      for path in TemporaryFolder.left.withLock({ $0 }) { TemporaryFolder.remove(path) }
    }
  }()

  private static func remove(_ path: String) {
    guard let above = try? Descriptor.folder(place) else { return }
    try? Files.removeTree(String(path.dropFirst(place.utf8.count + 1)), in: above, depth: 64)
  }
}
