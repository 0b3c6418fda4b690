import Glibc
import GoFlags

/// launcherctl: an SSNTP server for development on this machine alone, and the commands to it.
@main struct LauncherCtl {
  static func main() {
    exit(run(Array(CommandLine.arguments.dropFirst())).rawValue)
  }

  private static func run(_ arguments: [String]) -> ExitStatus {
    guard let name = arguments.first else {
      Console.complain(Subcommand.overview)
      return .usage
    }
    if ["help", "-help", "--help", "-h", "--h"].contains(name) {
      // `help start` is `start -help`.
      if arguments.count > 1, Subcommand.named(arguments[1]) != nil { return run([arguments[1], "-help"]) }
      Console.print(Subcommand.overview)
      return .success
    }
    if name.hasPrefix("-help="), let text = Documents.text(String(name.dropFirst("-help=".count))) {
      Console.print(text)
      return .success
    }
    guard let command = Subcommand.named(name) else {
      Console.complain("launcherctl: there is no command \(name.debugDescription); see launcherctl help")
      return .usage
    }
    return run(command, Array(arguments.dropFirst()))
  }

  private static func run(_ command: Subcommand, _ arguments: [String]) -> ExitStatus {
    do {
      return try command.run(arguments)
    } catch let help as HelpRequest {
      Console.print(help.text)
      return .success
    } catch {
      Console.complain("launcherctl \(command.name): \(error)")
      return error is FlagError || error is UsageError ? .usage : .failure
    }
  }
}
