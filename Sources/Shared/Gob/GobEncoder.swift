/// Encodes values as Go's `encoding/gob` does. One encoder serves one direction of one connection: it defines a type
/// before the first value that needs it, and never again. Ids and order are those that Go chooses. A name is one type's.
public struct GobEncoder: Sendable {
  /// The id of the first type that a Go process defines.
  private static let firstID: GobTypeID = 65

  private var ids: [GobSchema: GobTypeID] = [:]
  private var defined: Set<GobTypeID> = []
  /// The structures of which values have been encoded, by name: to look one up by its whole schema takes longer than to
  /// encode a value.
  private var structures: [String: GobTypeID] = [:]

  public init() {}

  /// The bytes of one structure, behind the definitions that the peer does not have yet.
  public mutating func encode(_ schema: GobSchema, _ fields: (inout GobWriter) -> Void) -> [UInt8] {
    var output: [UInt8] = []
    let id = introduce(schema, into: &output)
    appendMessage(id, to: &output, fields)
    return output
  }

  /// The id of a type, behind the definitions that the peer does not have yet.
  private mutating func introduce(_ schema: GobSchema, into output: inout [UInt8]) -> GobTypeID {
    if case .structure(let name, _) = schema, let id = structures[name] { return id }
    let id = identify(schema)
    define(schema, into: &output)
    if case .structure(let name, _) = schema { structures[name] = id }
    return id
  }

  /// The id of a type. Go numbers a structure before what it holds, arrays and slices after it.
  @discardableResult
  private mutating func identify(_ schema: GobSchema) -> GobTypeID {
    if let id = ids[schema] { return id }
    switch schema {
    case .signed: return 2
    case .unsigned: return 3
    case .bytes: return 5
    case .string: return 6
    case .array(_, let element, _), .slice(_, let element):
      identify(element)
      return assign(schema)
    case .structure(_, let fields):
      let id = assign(schema)
      for field in fields { identify(field.schema) }
      return id
    case .selfEncoded:
      return assign(schema)
    }
  }

  private mutating func assign(_ schema: GobSchema) -> GobTypeID {
    let id = Self.firstID + GobTypeID(ids.count)
    ids[schema] = id
    return id
  }

  /// Appends the definitions of a type and of what it holds, as far as the peer does not have them.
  private mutating func define(_ schema: GobSchema, into output: inout [UInt8]) {
    guard let id = ids[schema], defined.insert(id).inserted else { return }
    let parts = definition(schema, id, into: &output)
    for part in parts { define(part, into: &output) }
  }

  /// Appends one definition, a value of the type `wireType`, and gives the types that it refers to.
  private mutating func definition(_ schema: GobSchema, _ id: GobTypeID, into output: inout [UInt8]) -> [GobSchema] {
    switch schema {
    case .signed, .unsigned, .bytes, .string:
      return []
    case .array(let name, let element, let count):
      let elementID = identify(element)
      appendMessage(-id, to: &output) { wireType in
        wireType.structure { array in
          array.common(name, id)
          array.signed(elementID)
          array.signed(Int64(count))
        }
      }
      return [element]
    case .slice(let name, let element):
      let elementID = identify(element)
      appendMessage(-id, to: &output) { wireType in
        wireType.absent()  // ArrayT
        wireType.structure { slice in
          slice.common(name, id)
          slice.signed(elementID)
        }
      }
      return [element]
    case .structure(let name, let fields):
      let members = fields.map { (name: $0.name, type: identify($0.schema)) }
      appendMessage(-id, to: &output) { wireType in
        for _ in ["ArrayT", "SliceT"] { wireType.absent() }
        wireType.structure { structure in
          structure.common(name, id)
          structure.slice(members) { field, member in
            field.string(member.name)
            field.signed(member.type)
          }
        }
      }
      return fields.map(\.schema)
    case .selfEncoded(let name):
      appendMessage(-id, to: &output) { wireType in
        for _ in ["ArrayT", "SliceT", "StructT", "MapT"] { wireType.absent() }
        wireType.structure { $0.common(name, id) }
      }
      return []
    }
  }

  private func appendMessage(_ id: GobTypeID, to output: inout [UInt8], _ fields: (inout GobWriter) -> Void) {
    var writer = GobWriter()
    GobNumber.append(signed: id, to: &writer.output)
    writer.body(fields)
    GobNumber.append(UInt64(writer.output.count), to: &output)
    output.append(contentsOf: writer.output)
  }
}

extension GobWriter {
  /// The field `CommonType` of every definition.
  fileprivate mutating func common(_ name: String, _ id: GobTypeID) {
    structure {
      $0.string(name)
      $0.signed(id)
    }
  }
}
