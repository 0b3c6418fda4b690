import Glibc
import GoFlags
import Linux

/// The file that `-config` names.
enum ConfigurationFile {
  /// Bytes: a few dozen lines and their comments.
  private static let limit = 65_536

  static func read(_ path: String) throws(FlagError) -> String {
    do {
      let bytes = try Files.read(path, limit: limit)
      guard let text = String(validating: bytes, as: UTF8.self) else {
        throw FlagError.invalidValue(name: "config", value: path, allowed: "a text in UTF-8")
      }
      return text
    } catch let error as FlagError {
      throw error
    } catch {
      throw .invalidValue(name: "config", value: path, allowed: "a file that can be read (\(error))")
    }
  }
}
