/// A type of the values that an encoder sends, with the names that Go would give.
public indirect enum GobSchema: Hashable, Sendable {
  case signed, unsigned, bytes, string
  case array(name: String, of: GobSchema, count: Int)
  case slice(name: String, of: GobSchema)
  case structure(name: String, fields: [Field])
  /// A type that makes its own bytes, such as `time.Time`.
  case selfEncoded(name: String)

  public struct Field: Hashable, Sendable {
    public let name: String
    public let schema: GobSchema

    public init(_ name: String, _ schema: GobSchema) {
      self.name = name
      self.schema = schema
    }
  }
}
