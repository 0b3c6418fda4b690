/// The id of a type within one stream.
typealias GobTypeID = Int64

/// A type as the stream defines it. It refers to other types by id, so that a type may contain itself.
enum GobType: Sendable {
  case boolean, signed, unsigned, float, bytes, string, complex, interface
  case array(of: GobTypeID, count: Int)
  case slice(of: GobTypeID)
  case map(key: GobTypeID, value: GobTypeID)
  case structure([GobField])
  /// Bytes that the type itself made, such as those of `time.Time`.
  case selfEncoded

  /// The kind, for error texts.
  var noun: String {
    switch self {
    case .boolean: "a boolean"
    case .signed: "a signed number"
    case .unsigned: "an unsigned number"
    case .float: "a float"
    case .bytes: "bytes"
    case .string: "a string"
    case .complex: "a complex number"
    case .interface: "an interface"
    case .array: "an array"
    case .slice: "a slice"
    case .map: "a map"
    case .structure: "a structure"
    case .selfEncoded: "a self-encoded value"
    }
  }
}

/// One field of a structure type.
struct GobField: Sendable {
  var name: String
  var type: GobTypeID
}

extension GobType {
  /// Ids below this one are Go's own.
  static let firstDefinableID: GobTypeID = 64
  /// Go keeps ids in 32 bits.
  static let lastDefinableID = GobTypeID(Int32.max)

  /// The types of `encoding/gob` that need no definition. 16 to 23 describe definitions themselves; 24, which only
  /// 16 refers to, stands for `gobEncoderType`.
  static let builtIn: [GobTypeID: GobType] = [
    1: .boolean, 2: .signed, 3: .unsigned, 4: .float, 5: .bytes, 6: .string, 7: .complex, 8: .interface,
    wireType: .structure([
      GobField(name: "ArrayT", type: 17), GobField(name: "SliceT", type: 19), GobField(name: "StructT", type: 20),
      GobField(name: "MapT", type: 23), GobField(name: "GobEncoderT", type: 24),
      GobField(name: "BinaryMarshalerT", type: 24), GobField(name: "TextMarshalerT", type: 24),
    ]),
    17: .structure([common, GobField(name: "Elem", type: 2), GobField(name: "Len", type: 2)]),
    18: .structure([GobField(name: "Name", type: 6), GobField(name: "Id", type: 2)]),
    19: .structure([common, GobField(name: "Elem", type: 2)]),
    20: .structure([common, GobField(name: "Field", type: 22)]),
    21: .structure([GobField(name: "Name", type: 6), GobField(name: "Id", type: 2)]),
    22: .slice(of: 21),
    23: .structure([common, GobField(name: "Key", type: 2), GobField(name: "Elem", type: 2)]),
    24: .structure([common]),
  ]

  /// The type of a definition.
  static let wireType: GobTypeID = 16

  private static let common = GobField(name: "CommonType", type: 18)
}
