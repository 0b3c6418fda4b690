public import GoFlags

/// Completions of a program's command line, for the shells that have them.
public struct Completion {
  private let program: String
  /// The program's own flags, or those of each of its commands.
  private let commands: [(name: String, summary: String, flags: FlagSet)]
  private let hasCommands: Bool

  public init(_ flags: FlagSet) {
    program = flags.program
    commands = [("", flags.summary, flags)]
    hasCommands = false
  }

  public init(program: String, commands: [(name: String, summary: String, flags: FlagSet)]) {
    self.program = program
    self.commands = commands
    hasCommands = true
  }

  // MARK: bash

  /// A file for /usr/share/bash-completion/completions.
  public var bash: String {
    var lines = [
      "# bash completion of \(program)", "_\(program)() {",
      "  local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} equals=",
      "  # -name=value comes as three words.",
      "  if [[ $current == = ]]; then current= equals=1; elif [[ $before == = ]]; then",
      "    before=${COMP_WORDS[COMP_CWORD - 2]} equals=1; fi",
      "  [[ $before == --* ]] && before=${before#-}",
    ]
    if hasCommands {
      lines += [
        "  if ((COMP_CWORD == 1)); then",
        "    COMPREPLY=($(compgen -W '\(commands.map(\.name).joined(separator: " "))' -- \"$current\"))", "    return",
        "  fi", "  case ${COMP_WORDS[1]} in",
      ]
      for command in commands { lines += ["  \(command.name))"] + bash(command.flags, "    ") + ["    ;;"] }
      lines.append("  esac")
    } else {
      lines += bash(commands[0].flags, "  ")
    }
    return (lines + ["}", "complete -o bashdefault -F _\(program) \(program)"]).joined(separator: "\n") + "\n"
  }

  private func bash(_ flags: FlagSet, _ indent: String) -> [String] {
    var lines = ["case $equals$before in"]
    for flag in flags.shown {
      // A boolean has its value behind an equals sign alone.
      let pattern = flag.isBoolean ? "1-\(flag.name)" : "-\(flag.name) | 1-\(flag.name)"
      let reply: String =
        switch flag.completion {
        case .nothing: "COMPREPLY=()"
        case .file: "COMPREPLY=($(compgen -f -- \"$current\"))"
        case .folder: "COMPREPLY=($(compgen -d -- \"$current\"))"
        case .values(let values): "COMPREPLY=($(compgen -W '\(values.joined(separator: " "))' -- \"$current\"))"
        }
      lines.append("\(pattern)) \(reply) ;;")
    }
    let names = flags.shown.map { "-" + $0.name } + ["-help"]
    lines += ["*) COMPREPLY=($(compgen -W '\(names.joined(separator: " "))' -- \"$current\")) ;;", "esac"]
    return lines.map { indent + $0 }
  }

  // MARK: zsh

  /// A file for a folder of zsh's fpath.
  public var zsh: String {
    var lines = ["#compdef \(program)"]
    if hasCommands {
      lines += ["local -a commands=("]
      lines += commands.map { "  \(quoted("\($0.name):\($0.summary)"))" }
      lines += [
        ")", "if ((CURRENT == 2)); then", "  _describe command commands", "  return", "fi", "case $words[2] in",
      ]
      for command in commands { lines += ["\(command.name))"] + zsh(command.flags, "  ") + ["  ;;"] }
      lines.append("esac")
    } else {
      lines += zsh(commands[0].flags, "")
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private func zsh(_ flags: FlagSet, _ indent: String) -> [String] {
    var lines = ["_arguments \\"]
    for flag in flags.shown {
      let action =
        switch flag.completion {
        case .nothing: ""
        case .file: "_files"
        case .folder: "_files -/"
        case .values(let values): "(" + values.joined(separator: " ") + ")"
        }
      // "=-": the value follows an equals sign in the same word and may be absent; "=": it may be the next word.
      let value = flag.isBoolean ? "=-" : "="
      let colons = flag.isBoolean ? "::" : ":"
      let message = (flag.placeholder ?? "value").replacing(":", with: "\\:")
      lines.append("  \(quoted("-\(flag.name)\(value)[\(zshText(flag.help))]\(colons)\(message):\(action)")) \\")
    }
    lines.append("  '-help[show the options]'" + (hasCommands ? " \\" : ""))
    if hasCommands { lines.append("  '*:operand:_files'") }
    return lines.map { indent + $0 }
  }

  private func zshText(_ text: String) -> String {
    text.replacing("[", with: "\\[").replacing("]", with: "\\]").replacing(":", with: "\\:")
  }

  // MARK: fish

  /// A file for fish's vendor_completions.d.
  public var fish: String {
    var lines = ["# fish completion of \(program)"]
    if hasCommands {
      lines += commands.map {
        "complete -c \(program) -n __fish_use_subcommand -f -a \($0.name) -d \(quoted($0.summary))"
      }
    }
    for command in commands {
      let condition = hasCommands ? " -n '__fish_seen_subcommand_from \(command.name)'" : ""
      for flag in command.flags.shown {
        let value =
          switch flag.completion {
          case _ where flag.isBoolean: "-f"
          case .nothing: "-x"
          case .file: "-r -F"
          case .folder: "-x -a '(__fish_complete_directories)'"
          case .values(let values): "-x -a '\(values.joined(separator: " "))'"
          }
        lines.append("complete -c \(program)\(condition) -o \(flag.name) \(value) -d \(quoted(flag.help))")
      }
      lines.append("complete -c \(program)\(condition) -o help -f -d 'show the options'")
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private func quoted(_ text: String) -> String { "'" + text.replacing("'", with: "'\\''") + "'" }
}

extension String {
  fileprivate func replacing(_ text: Character, with other: String) -> String {
    var result = ""
    for character in self { result += character == text ? other : String(character) }
    return result
  }
}
