/// Writes the fields of a structure, each by one call, in the order of the structure's schema.
///
/// A zero value (0, no bytes, no elements, nil) is left out, as gob demands; structures and arrays are always written.
public struct GobWriter {
  var output: [UInt8] = []
  /// Fields since the last one written, this one included.
  private var delta: UInt64 = 0

  public mutating func unsigned(_ value: some UnsignedInteger) {
    delta += 1
    guard value != 0 else { return }
    beginField()
    GobNumber.append(UInt64(value), to: &output)
  }

  public mutating func signed(_ value: Int64) {
    delta += 1
    guard value != 0 else { return }
    beginField()
    GobNumber.append(signed: value, to: &output)
  }

  public mutating func byteSlice(_ value: [UInt8]) {
    delta += 1
    guard !value.isEmpty else { return }
    beginField()
    GobNumber.append(UInt64(value.count), to: &output)
    output.append(contentsOf: value)
  }

  public mutating func string(_ value: String) {
    byteSlice(Array(value.utf8))
  }

  /// The bytes that a self-encoding type made of its value; nil for its zero value.
  public mutating func selfEncoded(_ value: [UInt8]?) {
    byteSlice(value ?? [])
  }

  /// An array of unsigned numbers.
  public mutating func byteArray(_ elements: [UInt8]) {
    delta += 1
    beginField()
    GobNumber.append(UInt64(elements.count), to: &output)
    for element in elements {
      GobNumber.append(UInt64(element), to: &output)
    }
  }

  /// A structure, or a pointer to one that is not nil.
  public mutating func structure(_ fields: (inout GobWriter) -> Void) {
    delta += 1
    beginField()
    body(fields)
  }

  /// A slice of structures.
  public mutating func slice<Element>(_ elements: [Element], _ fields: (inout GobWriter, Element) -> Void) {
    delta += 1
    guard !elements.isEmpty else { return }
    beginField()
    GobNumber.append(UInt64(elements.count), to: &output)
    for element in elements {
      body { fields(&$0, element) }
    }
  }

  /// A nil pointer.
  public mutating func absent() {
    delta += 1
  }

  /// A structure's fields and its end, without a field number before it.
  mutating func body(_ fields: (inout GobWriter) -> Void) {
    delta = 0
    fields(&self)
    output.append(0)
    delta = 0
  }

  private mutating func beginField() {
    GobNumber.append(delta, to: &output)
    delta = 0
  }
}
