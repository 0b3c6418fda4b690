extension GobReader {
  /// Reads a definition of the type `id`. The definition is itself a value, of type `wireType`: a structure of
  /// pointers of which one is set.
  mutating func definition(of id: GobTypeID) throws(GobError) -> GobType {
    pending = GobType.wireType
    var result: GobType?
    var alternatives = try structure()
    while let alternative = try nextField(of: &alternatives) {
      guard result == nil else { throw .malformedDefinition(id: id, why: "it is of several kinds at once") }
      result = try definition(of: id, alternative)
    }
    guard let result else { throw .malformedDefinition(id: id, why: "it is of no known kind") }
    return result
  }

  /// Names of types, and the id within the definition, tell nothing that matters here: they are skipped.
  private mutating func definition(of id: GobTypeID, _ alternative: String) throws(GobError) -> GobType {
    var key: GobTypeID = 0
    var element: GobTypeID = 0
    var length: Int64 = 0
    var members: [GobField] = []
    var fields = try structure()
    while let field = try nextField(of: &fields) {
      switch field {
      case "Key": key = try signed()
      case "Elem": element = try signed()
      case "Len": length = try signed()
      case "Field": members = try fieldList()
      default: break
      }
    }
    switch alternative {
    case "ArrayT":
      guard (0...Int64(limits.messageBytes)).contains(length) else {
        throw .malformedDefinition(id: id, why: "an array of \(length) elements")
      }
      return .array(of: element, count: Int(length))
    case "SliceT": return .slice(of: element)
    case "StructT": return .structure(members)
    case "MapT": return .map(key: key, value: element)
    default: return .selfEncoded
    }
  }

  private mutating func fieldList() throws(GobError) -> [GobField] {
    var result: [GobField] = []
    var elements = try slice(limit: limits.fields)
    while try nextElement(of: &elements) {
      var member = GobField(name: "", type: 0)
      var parts = try structure()
      while let part = try nextField(of: &parts) {
        switch part {
        case "Name": member.name = try string(limit: limits.nameBytes)
        case "Id": member.type = try signed()
        default: break
        }
      }
      result.append(member)
    }
    return result
  }
}
