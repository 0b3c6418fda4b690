/// Text as a log may show it: one line, and nothing in it that a terminal obeys or that changes the order of reading.
public enum VisibleText {
  /// Decodes bytes from outside (a tool's output, a name from a file system): invalid UTF-8 becomes `\xNN`, and control
  /// and format characters become escapes. The result has at most four times the length of the input.
  public static func decoding(_ bytes: [UInt8]) -> String {
    var text = ""
    var parser = Unicode.UTF8.ForwardParser()
    var input = bytes.makeIterator()
    var offset = 0
    while true {
      switch parser.parseScalar(from: &input) {
      case .valid(let encoded):
        append(Unicode.UTF8.decode(encoded), to: &text.unicodeScalars)
        offset += encoded.count
      case .error(let length):
        for byte in bytes[offset..<offset + length] { text += "\\x" + hexadecimal(UInt32(byte), digits: 2) }
        offset += length
      case .emptyInput:
        return text
      }
    }
  }

  /// Appends a character or, where it is not to be shown as it is, an escape for it.
  static func append(_ scalar: Unicode.Scalar, to text: inout String.UnicodeScalarView) {
    switch scalar {
    case " "..."~": text.append(scalar)
    case "\n": text.append(contentsOf: "\\n".unicodeScalars)
    case "\r": text.append(contentsOf: "\\r".unicodeScalars)
    case "\t": text.append(contentsOf: "\\t".unicodeScalars)
    case _ where scalar.isASCII:
      text.append(contentsOf: ("\\x" + hexadecimal(scalar.value, digits: 2)).unicodeScalars)
    case _ where isHidden(scalar):
      text.append(contentsOf: ("\\u{" + hexadecimal(scalar.value, digits: 4) + "}").unicodeScalars)
    default: text.append(scalar)
    }
  }

  /// C1 controls, U+2028 and U+2029, and the format characters, to which the bidirectional controls belong.
  private static func isHidden(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator: true
    default: false
    }
  }

  private static func hexadecimal(_ value: UInt32, digits: Int) -> String {
    let text = String(value, radix: 16)
    return String(repeating: "0", count: max(0, digits - text.count)) + text
  }
}
