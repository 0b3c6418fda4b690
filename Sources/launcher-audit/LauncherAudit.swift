import Glibc
import GoFlags
import Linux
import Rights
import Startup

/// launcher-audit: reads what the kernel says of each process of launcher, and holds it against its rights.
@main struct LauncherAudit {
  private static let deviatesStatus: Int32 = 1
  private static let couldNotLookStatus: Int32 = 2
  /// Bytes of an expectation file.
  private static let fileLimit = 1_048_576

  static func main() {
    let options = Startup.options { (arguments) throws(FlagError) in try Options(arguments) }
    do {
      if !options.explain.isEmpty { return try explain(options.explain) }
      var settings = options.settings
      if !options.expectationFile.isEmpty {
        settings.expectations = try read(options.expectationFile)
      }
      let audit = try Audit(settings)
      print(
        options.isJSON ? String(decoding: audit.json.prettySerialized(), as: UTF8.self) : audit.table, terminator: "")
      exit(audit.deviations.isEmpty ? 0 : deviatesStatus)
    } catch {
      let line = "launcher-audit: \(error)\n"
      _ = write(STDERR_FILENO, line, line.utf8.count)
      exit(couldNotLookStatus)
    }
  }

  private struct UnknownProcess: Error, CustomStringConvertible {
    let name: String
    var description: String { "-explain \(name): no such process; there are \(Explanation.names)" }
  }

  private static func explain(_ name: String) throws {
    guard let explanation = Explanation(name) else { throw UnknownProcess(name: name) }
    print(explanation, terminator: "")
  }

  private static func read(_ path: String) throws -> Expectations {
    let bytes = try Files.read(path, limit: fileLimit)
    do {
      return try Expectations(parsing: bytes)
    } catch {
      throw Expectation.Bad(description: "-expect \(path): \(error)")
    }
  }
}
