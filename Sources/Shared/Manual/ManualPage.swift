public import GoFlags

/// A manual page, in the man macros of roff (man(7)).
public struct ManualPage {
  public enum Block {
    case paragraph(String)
    /// A term and what it means.
    case item(String, String)
    /// Lines as they are typed.
    case example([String])
    case subheading(String)
  }

  private let name: String
  private let section: Int
  private let summary: String
  private var sections: [(title: String, blocks: [Block])] = []

  /// - summary: what it is, in one line without a full stop.
  public init(_ name: String, section: Int, summary: String) {
    self.name = name
    self.section = section
    self.summary = summary
  }

  public mutating func add(_ title: String, _ blocks: [Block]) { sections.append((title, blocks)) }

  /// The options of a program, by subject.
  public mutating func addOptions(_ flags: FlagSet, title: String = "OPTIONS") {
    add(title, Self.options(flags))
  }

  /// - dash: what stands before an option's name; a configuration file has none.
  public static func options(_ flags: FlagSet, dash: String = "-") -> [Block] {
    var blocks: [Block] = []
    var group = ""
    for flag in flags.shown {
      if flag.group != group {
        group = flag.group
        blocks.append(.subheading(group))
      }
      blocks.append(.item(dash + flag.name + (flag.placeholder.map { " " + $0 } ?? ""), flag.manualText))
    }
    return blocks
  }

  /// Columns of the file; man(1) fills the lines anew.
  private static let width = 78
  /// Of the latest change to what the pages describe.
  private static let date = "2026-11-24"

  /// The page as the file that man(1) reads.
  public var roff: String {
    let volume = section == 1 ? "User" : "System"
    var lines = [
      ".TH \(Self.escaped(name.uppercased())) \(section) \(Self.date) launcher \"\(volume) manual\"", ".nh",
      ".SH NAME", "\(Self.escaped(name)) \\- \(Self.escaped(summary))",
    ]
    for (title, blocks) in sections {
      lines.append(".SH " + Self.escaped(title))
      for block in blocks {
        // A heading begins a paragraph by itself.
        let isBehindHeading = lines.last?.hasPrefix(".S") ?? false
        let added = Self.lines(of: block)
        lines += isBehindHeading && added.first == ".PP" ? Array(added.dropFirst()) : added
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func lines(of block: Block) -> [String] {
    switch block {
    case .paragraph(let text): [".PP"] + filled(text)
    case .item(let term, let text): [".TP", "\\fB" + escaped(term) + "\\fR"] + filled(text)
    case .example(let lines): [".PP", ".EX"] + lines.map { "    " + escaped($0) } + [".EE"]
    case .subheading(let text): [".SS " + escaped(text)]
    }
  }

  /// Lines of at most `width`, a new one for each sentence.
  private static func filled(_ text: String) -> [String] {
    var lines: [String] = []
    var isNewSentence = true
    for word in text.split(separator: " ") {
      if !isNewSentence, let last = lines.last, last.count + 1 + escaped(String(word)).count <= width {
        lines[lines.count - 1] = last + " " + escaped(String(word), isFirst: false)
      } else {
        lines.append(escaped(String(word)))
      }
      isNewSentence = word.hasSuffix(".") && !word.hasSuffix("..")
    }
    return lines
  }

  /// Text that roff takes as it is: a hyphen stays what is typed, no line begins with a control character, and all is
  /// ASCII.
  private static func escaped(_ text: String, isFirst: Bool = true) -> String {
    var result = ""
    for character in text {
      switch character {
      case "\\": result += "\\e"
      case "-": result += "\\-"
      case ".", "'": result += result.isEmpty && isFirst ? "\\&" + String(character) : String(character)
      case _ where character.isASCII: result.append(character)
      default:
        for scalar in character.unicodeScalars {
          let digits = String(scalar.value, radix: 16, uppercase: true)
          result += "\\[u" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits + "]"
        }
      }
    }
    return result
  }
}

extension FlagDefinition {
  /// Help, detail and what is allowed, as sentences.
  var meaning: String {
    var text = help.prefix(1).uppercased() + help.dropFirst() + "."
    if !detail.isEmpty { text += " " + detail }
    if placeholder != nil, allowed != "a text" { text += " Allowed: \(allowed)." }
    return text
  }

  fileprivate var manualText: String { meaning + (defaultText.isEmpty ? "" : " Default: \(defaultText).") }
}
