public import GoFlags

/// The options of a program as a table in Markdown for each subject.
public func optionTables(_ flags: FlagSet) -> String {
  var text = ""
  var group = ""
  for flag in flags.shown {
    if flag.group != group {
      group = flag.group
      text += "\n## \(group)\n\n| option | default | meaning |\n| --- | --- | --- |\n"
    }
    let heading = "-" + flag.name + (flag.placeholder.map { " " + $0 } ?? "")
    text += "| `\(heading)` | \(flag.defaultText.isEmpty ? "" : "`\(flag.defaultText)`") | \(flag.meaning) |\n"
  }
  return text
}
