import Glibc
import GoFlags
import Linux
import Rights
import Settings

/// launcher-audit: reads what the kernel says of each process of launcher, and holds it against its rights.
@main struct LauncherAudit {
  private static let deviatesStatus: Int32 = 1
  private static let couldNotLookStatus: Int32 = 2
  /// Bytes of an expectation file.
  private static let fileLimit = 1_048_576

  static func main() {
    let options: Options
    do throws(FlagError) {
      options = try Options(Array(CommandLine.arguments.dropFirst()))
    } catch .helpRequested {
      Settings.finish(Options.flags.helpText)
    } catch .documentRequested(let form) where Documents.text(form) != nil {
      Settings.finish(Documents.text(form) ?? "")
    } catch {
      Settings.finish("launcher-audit: \(error)", to: STDERR_FILENO, status: couldNotLookStatus)
    }
    do {
      if !options.explain.isEmpty { Settings.finish(try explanation(options.explain)) }
      var settings = options.settings
      if !options.expectationFile.isEmpty {
        settings.expectations = try read(options.expectationFile)
      }
      let audit = try Audit(settings)
      Settings.finish(
        options.isJSON ? String(decoding: audit.json.prettySerialized(), as: UTF8.self) : audit.table,
        status: audit.deviations.isEmpty ? 0 : deviatesStatus)
    } catch {
      Settings.finish("launcher-audit: \(error)", to: STDERR_FILENO, status: couldNotLookStatus)
    }
  }

  private struct UnknownProcess: Error, CustomStringConvertible {
    let name: String
    var description: String { "-explain \(name): no such process; there are \(Explanation.names)" }
  }

  private static func explanation(_ name: String) throws -> String {
    guard let explanation = Explanation(name) else { throw UnknownProcess(name: name) }
    return explanation.description
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
