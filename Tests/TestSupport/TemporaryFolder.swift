import Glibc
import Linux

/// A folder of its own for one test, removed with the object.
public final class TemporaryFolder {
  public let path: String
  public let handle: Descriptor

  public init() throws {
    var template = Array("/tmp/launcher-test-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw SystemError("mkdtemp", "/tmp") }
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    handle = try Descriptor.folder(path)
  }

  deinit {
    guard let above = try? Descriptor.folder("/tmp") else { return }
    try? Files.removeTree(String(path.dropFirst("/tmp/".count)), in: above, depth: 64)
  }
}
