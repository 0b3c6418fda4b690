/// The members of a JSON object in their order, each key once. Keys are compared byte by byte, not as Swift compares
/// strings: `K` and the Kelvin sign are two keys.
public struct JSONObject: Sendable, Equatable {
  public struct Member: Sendable, Equatable {
    public let key: String
    public let value: JSONValue
  }

  public private(set) var members: [Member] = []

  /// An object without members.
  public init() {}

  /// The value of a key, found by a search through the members. Setting replaces in place or appends; nil removes.
  public subscript(key: String) -> JSONValue? {
    get { index(of: key).map { members[$0].value } }
    set {
      let index = index(of: key)
      guard let newValue else {
        if let index { members.remove(at: index) }
        return
      }
      let member = Member(key: key, value: newValue)
      if let index { members[index] = member } else { members.append(member) }
    }
  }

  /// Appends a member whose key is known to be new, without the search.
  mutating func append(newKey key: String, _ value: JSONValue) {
    members.append(Member(key: key, value: value))
  }

  private func index(of key: String) -> Int? {
    members.firstIndex { $0.key.utf8.elementsEqual(key.utf8) }
  }
}

/// A key as its bytes, for the search for duplicates.
struct KeyBytes: Hashable {
  let key: String

  static func == (left: Self, right: Self) -> Bool {
    left.key.utf8.elementsEqual(right.key.utf8)
  }

  func hash(into hasher: inout Hasher) {
    for byte in key.utf8 { hasher.combine(byte) }
  }
}
