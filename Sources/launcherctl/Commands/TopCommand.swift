import Glibc
import GoFlags
import Linux

/// `launcherctl top FOLDER`: the node that launcher-stats keeps a metrics file of, and its instances, as a table that
/// follows the file.
enum TopCommand {
  /// Bytes of a metrics file: that of ten thousand instances has three million.
  private static let fileLimit = 64 * 1_048_576
  private static let fileName = "launcher.prom"
  /// Clears the screen and goes to its first line.
  private static let home = "\u{1b}[H\u{1b}[2J"

  static let command = Subcommand(
    name: "top", operands: "FOLDER", summary: "the node's figures, live, from the folder of -metrics", run: run)

  @Sendable private static func run(_ arguments: [String]) throws -> ExitStatus {
    var flags = FlagSet(of: command)
    let interval = flags.duration(
      "interval", default: .seconds(1), in: .milliseconds(100)...(.seconds(3600)), group: "Output",
      help: "how often the file is looked at")
    let once = flags.bool(
      "once", group: "Output", help: "print one table and end",
      detail: "So it does where standard output is no terminal.")
    let parsed = try Arguments(arguments, flags: flags, operands: 1)
    let path = "\(parsed.operands[0])/\(fileName)"
    guard !parsed.flags[once], isatty(STDOUT_FILENO) == 1 else {
      Console.print(TopTable.text(try read(path), now: time(nil), isColoured: false, rows: .max))
      return .success
    }
    let pause = UInt32(parsed.flags[interval] / .microseconds(1))
    while true {
      // A file that is not there yet, or no more, is waited for.
      let table: String
      do {
        table = TopTable.text(try read(path), now: time(nil), isColoured: isColoured, rows: terminalRows)
      } catch {
        table = "\(error)\n"
      }
      Console.print(home + table)
      usleep(pause)
    }
  }

  private static func read(_ path: String) throws -> Metrics {
    do {
      return try Metrics(String(decoding: Files.read(path, limit: fileLimit), as: UTF8.self))
    } catch let error as SystemError where error.code == ENOENT {
      throw Failure("\(path) is not there: start launcher with -metrics and this folder")
    }
  }

  /// Colours where the terminal has them and nobody wants none (no-color.org).
  private static var isColoured: Bool {
    guard getenv("NO_COLOR") == nil, let terminal = getenv("TERM") else { return false }
    return strcmp(terminal, "dumb") != 0
  }

  private static var terminalRows: Int {
    var size = winsize()
    guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_row > 0 else { return 24 }
    return Int(size.ws_row)
  }
}
