import GoFlags
import Manual

/// Other forms of the help text, for `launcherctl -help=FORM`: made of the commands' own definitions.
enum Documents {
  /// What `make docs` writes, and the tests compare: form and file.
  static let files = [
    ("man", "docs/man/launcherctl.1"), ("bash", "docs/completion/launcherctl.bash"),
    ("zsh", "docs/completion/_launcherctl"), ("fish", "docs/completion/launcherctl.fish"),
  ]

  /// nil for a form that there is not.
  static func text(_ form: String) -> String? {
    let commands = Subcommand.all.map { ($0.name, $0.summary, $0.definitions) }
    let completion = Completion(program: "launcherctl", commands: commands)
    switch form {
    case "man": return page.roff
    case "bash": return completion.bash
    case "zsh": return completion.zsh
    case "fish": return completion.fish
    default: return nil
    }
  }

  private static var page: ManualPage {
    var page = ManualPage(
      "launcherctl", section: 1, summary: "an SSNTP server on loopback for development, and commands to it")
    page.add("SYNOPSIS", [.paragraph("launcherctl COMMAND [operands and flags in any order]")])
    page.add(
      "DESCRIPTION",
      [
        .paragraph(
          """
          launcherctl can be an SSNTP server on this machine's loopback interface, with throw-away certificates, and \
          tells it what to send to the launchers that are connected. It is for development and for operations in \
          isolation; a production node belongs to a scheduler.
          """)
      ])
    page.add(
      "COMMANDS",
      Subcommand.all.flatMap { command -> [ManualPage.Block] in
        let flags = ManualPage.options(command.definitions).filter { if case .subheading = $0 { false } else { true } }
        return [.subheading(command.heading), .paragraph(sentence(command.summary))] + flags
      })
    page.add(
      "EXIT STATUS",
      [
        .item("0", "Success."), .item("1", "It failed, or what was waited for failed."),
        .item("2", "The command line was not understood."), .item("3", "What was waited for did not happen in time."),
      ])
    page.add(
      "EXAMPLE",
      [
        .example([
          "launcherctl serve &", "launcherctl start start.yaml -wait 60s", "launcherctl instances",
        ])
      ])
    page.add("SEE ALSO", [.paragraph("launcher(8), launcher.conf(5)")])
    return page
  }

  private static func sentence(_ text: String) -> String { text.prefix(1).uppercased() + text.dropFirst() + "." }
}

/// Thrown in place of running a command, to learn which flags it has.
struct DefinitionsRequest: Error {
  static let form = "definitions"

  let flags: FlagSet
}

extension Subcommand {
  /// The command's flags. Each command defines them where it reads them.
  var definitions: FlagSet {
    do {
      _ = try run(["-help=" + DefinitionsRequest.form])
    } catch let request as DefinitionsRequest {
      return request.flags
    } catch {}
    preconditionFailure("launcherctl \(name) does not read its flags by Arguments")
  }
}
