/// Columns of the help text: what every terminal shows.
private let helpWidth = 80
/// The widest column for names and placeholders; a longer one has its text on the next line.
private let widestNameColumn = 26

extension FlagSet {
  /// The help text: usage, then the flags by subject in the order of their definition, each with its default.
  public var helpText: String {
    let definitions = shown
    let names = definitions.map(\.heading)
    let column = min(names.map(\.count).max() ?? 0, widestNameColumn) + 4
    var lines = ["\(program): \(summary)", "usage: \(program) [flags]"]
    var groups: [String] = []
    for definition in definitions where !groups.contains(definition.group) { groups.append(definition.group) }
    for group in groups {
      lines += [group + ":"]
      for definition in definitions where definition.group == group {
        lines += helpLines(of: definition, column: column)
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private func helpLines(of definition: FlagDefinition, column: Int) -> [String] {
    let left = "  " + definition.heading
    var lines = wrapped(definition.explanation, width: helpWidth - column).map { spaces(column) + $0 }
    if left.count + 2 <= column, let first = lines.first {
      lines[0] = left + first.dropFirst(left.count)
    } else {
      lines.insert(left, at: 0)
    }
    return lines
  }
}

extension FlagDefinition {
  fileprivate var heading: String { "-" + name + (placeholder.map { " " + $0 } ?? "") }

  fileprivate var explanation: String {
    let details = [note, defaultText.isEmpty ? "" : "default " + defaultText].filter { !$0.isEmpty }
    return help + (details.isEmpty ? "" : " (" + details.joined(separator: "; ") + ")")
  }
}

private func spaces(_ count: Int) -> String { String(repeating: " ", count: count) }

/// Breaks a text at its spaces into lines of at most `width` characters; a longer word stays whole.
private func wrapped(_ text: String, width: Int) -> [String] {
  var lines: [String] = []
  for word in text.split(separator: " ") {
    if let last = lines.last, last.count + 1 + word.count <= width {
      lines[lines.count - 1] = last + " " + word
    } else {
      lines.append(String(word))
    }
  }
  return lines
}
