import CShims
import Glibc
import GoFlags
import Linux

extension Settings {
  /// Exit status of a command line that is not understood.
  public static let usageStatus: Int32 = 2

  /// The settings of this process's command line. Prints and ends where that is called for: at help, at `-version`,
  /// and where the command line is not understood.
  ///
  /// - Parameters:
  ///   - libraries: names and versions of what the program is linked with, for `-version`.
  ///   - document: the text of another form of help, for `-help=FORM`.
  public static func ofThisProcess(
    _ program: LauncherProgram, libraries: () -> [(name: String, version: String)] = { [] },
    document: (String) -> String? = { _ in nil }
  ) -> Settings {
    do {
      let settings = try Settings(program, Array(CommandLine.arguments.dropFirst()))
      if settings.showsVersion { finish(versionText(program, libraries())) }
      return settings
    } catch .helpRequested {
      finish(flags(of: program).helpText)
    } catch .documentRequested(let form) where document(form) != nil {
      finish(document(form) ?? "")
    } catch {
      finish("\(program.rawValue): \(error)", to: STDERR_FILENO, status: usageStatus)
    }
  }

  private static func versionText(_ program: LauncherProgram, _ libraries: [(name: String, version: String)]) -> String
  {
    let all = [("C library", String(cString: gnu_get_libc_version()))] + libraries
    return (["\(program.rawValue) \(Version.number) (commit \(Version.commit))"] + all.map { "  \($0.0) \($0.1)" })
      .joined(separator: "\n")
  }

  /// Prints a text and ends the process.
  public static func finish(_ text: String, to descriptor: Int32 = STDOUT_FILENO, status: Int32 = 0) -> Never {
    var rest = Array(text.utf8)[...]
    if rest.last != UInt8(ascii: "\n") { rest.append(UInt8(ascii: "\n")) }
    while !rest.isEmpty {
      let written = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
      if written < 0 && errno == EINTR { continue }
      if written <= 0 { break }
      rest = rest.dropFirst(written)
    }
    exit(status)
  }
}

/// What this build is, as `make` told it.
public enum Version {
  public static var number: String { String(cString: sh_version()) }
  public static var commit: String { String(cString: sh_commit()) }
}
