import Instances

/// What a container takes of the data that a machine's guest would read: its command and its host name.
struct ContainerFields {
  /// Words of a command and what is around them.
  private static let nodes = 2 * ContainerCommand.maximumWords
  /// Bytes of a key that may be one of those looked for.
  private static let keyBytes = 64

  /// The command: the one entry of the cloud-config's `runcmd`, a list of words. nil: the image's own.
  ///
  /// A container runs one program and ends with it. A second entry would need a shell in the image to run the two one
  /// after the other, and most first ones never end; so it is refused rather than left out. An entry that is no list
  /// is a line for a shell, and refused for the same reason.
  static func command(in userData: [UInt8]) throws(FieldError) -> ContainerCommand? {
    guard let entries = try value(of: "runcmd", in: userData, "the cloud-config"), !entries.isNull else { return nil }
    guard case .sequence(let items) = entries else { throw FieldError(problem: "`runcmd` must be a list") }
    guard let first = items.first else { return nil }
    guard items.count == 1 else {
      throw FieldError(
        problem: "`runcmd` has \(items.count) entries: a container runs one command; put what is to be run into one")
    }
    guard case .sequence(let nodes) = first else {
      throw FieldError(
        problem:
          "the entry of `runcmd` must be a list of words, as [sh, -c, \"...\"]: a container has no shell of its own")
    }
    var words: [String] = []
    for node in nodes {
      guard let word = node.text else { throw FieldError(problem: "the words of `runcmd`'s entry must be scalars") }
      words.append(word)
    }
    guard let command = ContainerCommand(words) else {
      throw FieldError(
        problem: "the command in `runcmd` must have 1 to \(ContainerCommand.maximumWords) words of "
          + "\(ContainerCommand.maximumBytes) bytes together, and a program as the first")
    }
    return command
  }

  /// The host's name that the meta-data give; nil: none.
  static func hostName(in metaData: [UInt8]?) throws(FieldError) -> HostName? {
    guard let metaData, let node = try value(of: "hostname", in: metaData, "the meta-data"), !node.isNull,
      node.text != ""
    else { return nil }
    guard let name = node.text.flatMap({ HostName($0) }) else {
      throw FieldError(
        problem: "the meta-data's `hostname` must be letters, digits and inner dashes, at most "
          + "\(HostName.maximumLength) bytes: it is a container's host name")
    }
    return name
  }

  /// The value of a key of the text's top mapping; nil where there is none.
  private static func value(of name: String, in bytes: [UInt8], _ place: String) throws(FieldError) -> YAMLNode? {
    var found: FieldValue?
    do {
      found = try YAMLEventReader.read(bytes, limits: YAMLLimits()) { (reader) throws(YAMLError) -> FieldValue? in
        while true {
          switch try reader.next().kind {
          case .streamStart, .documentStart: continue
          case .mappingStart: return try member(name, reader)
          default: return nil
          }
        }
      }
    } catch {
      throw FieldError(problem: "\(place): \(error)")
    }
    if let problem = found?.problem { throw FieldError(problem: "`\(name)`: \(problem)") }
    return found?.node
  }

  private static func member(_ name: String, _ reader: YAMLEventReader) throws(YAMLError) -> FieldValue? {
    while true {
      let key = try reader.next()
      if key.kind == .mappingEnd { return nil }
      let isIt = reader.scalarText(limit: keyBytes) == name
      try reader.skip(key)
      let value = try reader.next()
      if isIt { return try FieldValue(value, from: reader, nodes: nodes, scalarBytes: ContainerCommand.maximumBytes) }
      try reader.skip(value)
    }
  }
}
