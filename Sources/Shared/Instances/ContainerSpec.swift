/// What a container is made of, beside its resources.
public struct ContainerSpec: Equatable, Sendable {
  public var image: ImageReference
  /// nil: the instance's UUID, as far as a host name may go.
  public var hostName: HostName?
  /// nil: what the image says.
  public var command: ContainerCommand?

  public init(image: ImageReference, hostName: HostName? = nil, command: ContainerCommand? = nil) {
    self.image = image
    self.hostName = hostName
    self.command = command
  }
}

/// A command as a vector: a program and its arguments, each taken as it stands.
public struct ContainerCommand: Equatable, Sendable {
  /// Words of one command.
  public static let maximumWords = 256
  /// Bytes of all of them: what fits an instance's state file whatever has to be escaped in it.
  public static let maximumBytes = 8192

  public let words: [String]

  /// nil for no words, an empty first one, a zero byte, or more than the bounds.
  public init?(_ words: [String]) {
    guard (1...Self.maximumWords).contains(words.count), !words[0].isEmpty,
      words.reduce(0, { $0 + $1.utf8.count }) <= Self.maximumBytes, words.allSatisfy({ !$0.utf8.contains(0) })
    else { return nil }
    self.words = words
  }
}

/// A host's name: labels of letters, digits and inner `-`, joined by `.`.
public struct HostName: Equatable, Sendable, CustomStringConvertible {
  /// Bytes; docker takes one less than the kernel.
  public static let maximumLength = 63

  public let text: String

  public init?(_ string: some StringProtocol) {
    let text = Substring(string)
    guard (1...Self.maximumLength).contains(text.utf8.count) else { return nil }
    let dash = UInt8(ascii: "-")
    for label in text.split(separator: ".", omittingEmptySubsequences: false) {
      guard let first = label.utf8.first, first != dash, label.utf8.last != dash else { return nil }
      let isName = label.utf8.allSatisfy { byte in
        byte == dash || (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte)
      }
      guard isName else { return nil }
    }
    self.text = String(string)
  }

  /// The name of a host that has no other: an instance's UUID, cut where it is too long.
  public init(_ id: Identifier) {
    var name = id.text.prefix(Self.maximumLength)
    while name.last == "-" { name.removeLast() }
    text = String(name)
  }

  public var description: String { text }
}

/// What a container engine calls a container: 64 hexadecimal digits. Safe as a file name.
public struct ContainerID: Hashable, Sendable, CustomStringConvertible {
  public static let length = 64
  /// Digits that people are shown.
  private static let shown = 12

  public let text: String

  public init?(_ text: some StringProtocol) {
    let isHexadecimal = text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    guard text.utf8.count == Self.length, isHexadecimal else { return nil }
    self.text = String(text)
  }

  public var description: String { String(text.prefix(Self.shown)) }
}
