/// One document of a payload: where its parts stand in the text, and what launcher needs of it.
struct PayloadDocument {
  enum Root: Equatable {
    /// Nothing but comments.
    case empty
    case mapping(isFlow: Bool)
    case other
  }

  /// A key of the top mapping that launcher knows, or a run of neighbouring keys that it does not.
  struct Entry {
    enum Name: Equatable {
      case section
      case field(StartField)
      case other
    }

    var name: Name
    /// Where the entry before it ends; the beginning of the mapping for the first. Characters.
    var gapStart: Int
    /// Of its key, without the `?` that may precede it.
    var start: YAMLEventReader.Mark
    /// Behind the last character of its value; characters.
    var end: Int
  }

  var root = Root.empty
  /// The bytes before the document: directives, comments, and blank lines.
  var head: Range<Int>
  /// The bytes of the document, with neither `---` nor `...`.
  var body: Range<Int>
  /// It begins with `---`.
  var isExplicit: Bool
  /// The bytes of the root value from its first character, without tag and anchor, to its last.
  var content = 0..<0
  /// Column of the top mapping's keys.
  var column = 0
  var entries: [Entry] = []
  var section: PayloadSection?
  /// The start section's fields beside the section, or where it would be.
  var beside: [StartField: FieldValue] = [:]
  /// A field that occurs more than once beside the section.
  var repeated: Set<StartField> = []
}
