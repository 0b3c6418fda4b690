import Manual
import Settings

/// Other forms of the help text, for `-help=FORM`: made of the same definitions, so they cannot disagree with it.
enum Documents {
  /// What `make docs` writes, and the tests compare: form and file.
  static let files = [
    ("man", "docs/man/launcher.8"), ("conf", "docs/man/launcher.conf.5"), ("bash", "docs/completion/launcher.bash"),
    ("zsh", "docs/completion/_launcher"), ("fish", "docs/completion/launcher.fish"),
    ("markdown", "docs/CONFIGURATION.md"),
  ]

  /// nil for a form that there is not.
  static func text(_ form: String) -> String? {
    let flags = Settings.flags(of: .launcher)
    switch form {
    case "man": return launcherPage.roff
    case "conf": return configurationPage.roff
    case "bash": return Completion(flags).bash
    case "zsh": return Completion(flags).zsh
    case "fish": return Completion(flags).fish
    case "markdown": return markdown
    default: return nil
    }
  }

  private static var launcherPage: ManualPage {
    let flags = Settings.flags(of: .launcher)
    var page = ManualPage("launcher", section: 8, summary: "agent of a compute or network node")
    page.add("SYNOPSIS", [.paragraph("launcher [options]")])
    page.add(
      "DESCRIPTION",
      [
        .paragraph(
          """
          launcher connects a node to an SSNTP scheduler over mutual TLS, carries out its commands START, STOP, RESTART \
          and DELETE on virtual machines, and reports what the node and its instances use. It is three processes that \
          trust each other as little as possible: launcher-net speaks to the scheduler, launcher-vmm runs the machines, \
          launcher-stats measures. launcher itself starts them, each as its user, starts one again that ends, and stops \
          them. Machines go on running when launcher ends.
          """),
        .paragraph(
          """
          Under systemd the units launcher-net.service, launcher-vmm.service and launcher-stats.service take its place. \
          The processes take the same options, and read them from /etc/launcher/launcher.conf.
          """),
      ])
    page.add(
      "FIRST STEPS",
      [
        .paragraph("See what the node still lacks, and then start it:"),
        .example([
          "launcher -config /etc/launcher/launcher.conf -check-config", "launcher -config /etc/launcher/launcher.conf",
        ]),
      ])
    page.add(
      "OPTIONS",
      [
        .paragraph(
          """
          An option is written -name value, -name=value, or with two dashes. A switch is set by its bare name and takes \
          true or false only behind an equals sign. Of a repeated option the last one counts. All options can also stand \
          in a configuration file, see launcher.conf(5).
          """)
      ] + ManualPage.options(flags))
    page.add(
      "SIGNALS",
      [.item("SIGINT, SIGTERM", "The processes are stopped; machines go on running, and the next launcher finds them.")]
    )
    page.add(
      "EXIT STATUS",
      [
        .item("0", "It was stopped by a signal, or what was asked for was said."),
        .item("1", "A process could not start, or the node is not ready (-check-config)."),
        .item("2", "The command line was not understood."),
      ])
    page.add(
      "FILES",
      [
        .item("/etc/launcher/launcher.conf", "The configuration file of the units, see launcher.conf(5)."),
        .item("/var/lib/ciao/images", "Backing images, by their UUID."),
        .item("/var/lib/ciao/instances", "A folder for each instance: state, disk, config drive, console log."),
        .item("/var/lib/ciao/local", "The node's own SSNTP UUID."),
        .item(
          "/var/lib/ciao/logs",
          "Log files, a folder for each process. Under systemd the journal takes their place."),
      ])
    page.add("SEE ALSO", [.paragraph("launcher.conf(5), launcherctl(1), qemu-img(1)")])
    return page
  }

  private static var configurationPage: ManualPage {
    var page = ManualPage("launcher.conf", section: 5, summary: "configuration file of launcher")
    page.add(
      "DESCRIPTION",
      [
        .paragraph(
          """
          The file that the option -config of launcher(8) and its processes names: one option a line, as name = value \
          without dashes. A switch takes true or false. Spaces around name and value do not count; empty lines and \
          lines that begin with # are passed over. A value is not quoted and goes to the end of its line. Each option \
          may stand once. The command line replaces what the file says. An error names the file and the line, and the \
          program ends with status 2.
          """),
        .paragraph(
          """
          Under systemd it is /etc/launcher/launcher.conf. The three processes share it, and each takes from it what it \
          needs. The units themselves say cacert, cert and rendezvous, and that the log goes to the journal, so these \
          have no effect there; the users are those of the units. Every process must be able to read the file: it holds \
          no secret, and a secret does not belong in it. A change counts from the next start: systemctl restart \
          launcher.target, at which machines go on running.
          """),
      ])
    page.add(
      "EXAMPLE",
      [
        .example([
          "# The scheduler, and another one should it be away.",
          "server = scheduler1.example.org,scheduler2.example.org", "max-vm = 64", "mem-limit = true",
          "reject-when-full = true",
          "metrics = /var/lib/prometheus/node-exporter",
        ])
      ])
    page.add("OPTIONS", ManualPage.options(Settings.flags(of: .launcher), dash: ""))
    page.add(
      "FILES",
      [
        .item(
          "/etc/launcher/launcher.conf",
          "What the units name. launcher itself reads no configuration file that -config does not name.")
      ])
    page.add("SEE ALSO", [.paragraph("launcher(8)")])
    return page
  }

  private static var markdown: String {
    """
    # Configuration

    Made by `make docs` from the definitions that `launcher -help` shows; change it there (`Sources/Shared/Settings`).

    Every option is taken by `launcher` and by each of its processes, on the command line (`-name value`,
    `-name=value`, `--name value`; a switch is `-name` or `-name=true|false`) and in the file that `-config` names
    (`name = value` a line, `#` begins a comment line). The command line replaces what the file says.
    `launcher -check-config` says what the node still lacks.

    """ + optionTables(Settings.flags(of: .launcher))
  }
}
