import GoFlags
import Manual

/// Other forms of the help text, for `-help=FORM`: made of the same definitions, so they cannot disagree with it.
enum Documents {
  /// What `make docs` writes, and the tests compare: form and file.
  static let files = [
    ("man", "docs/man/launcher-audit.8"), ("bash", "docs/completion/launcher-audit.bash"),
    ("zsh", "docs/completion/_launcher-audit"), ("fish", "docs/completion/launcher-audit.fish"),
  ]

  /// nil for a form that there is not.
  static func text(_ form: String) -> String? {
    switch form {
    case "man": page.roff
    case "bash": Completion(Options.flags).bash
    case "zsh": Completion(Options.flags).zsh
    case "fish": Completion(Options.flags).fish
    default: nil
    }
  }

  private static var page: ManualPage {
    var page = ManualPage("launcher-audit", section: 8, summary: "hold launcher's processes against their rights")
    page.add("SYNOPSIS", [.paragraph("launcher-audit [options]")])
    page.add(
      "DESCRIPTION",
      [
        .paragraph(
          """
          launcher-audit reads what the kernel says of each running process of launcher, and of each machine, and holds \
          it against the rights that the process is to have: users and groups, capabilities, no_new_privs, system call \
          filter, namespaces, descriptors, sockets, memory, limits and libraries. The rights are the data that the \
          processes themselves enforce. Each deviation is a sentence that says what was found, what was expected and \
          why it matters. It changes nothing, and needs root to see processes of other users.
          """)
      ])
    page.add("OPTIONS", ManualPage.options(Options.flags))
    page.add(
      "EXIT STATUS",
      [
        .item("0", "Everything is as it is to be, or what was asked for was said."),
        .item("1", "Something deviates."),
        .item("2", "It could not look, or the command line was not understood."),
      ])
    page.add("SEE ALSO", [.paragraph("launcher(8), launcherctl(1)")])
    return page
  }
}
