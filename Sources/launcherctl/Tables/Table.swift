import Glog
import JSON

/// Rows below a header, in columns that are aligned by spaces.
struct Table {
  struct Column {
    let title: String
    let isNumber: Bool

    static func text(_ title: String) -> Column { Column(title: title, isNumber: false) }
    /// Aligned to the right.
    static func number(_ title: String) -> Column { Column(title: title, isNumber: true) }
  }

  private let columns: [Column]
  private var rows: [[String]] = []

  init(_ columns: [Column]) { self.columns = columns }

  /// - Parameter cells: one for each column.
  mutating func add(_ cells: [String]) {
    precondition(cells.count == columns.count, "a row of \(cells.count) cells in a table of \(columns.count) columns")
    rows.append(cells)
  }

  /// The lines, each with its end and without spaces before it.
  var text: String {
    let lines = [columns.map(\.title)] + rows
    let widths = columns.indices.map { column in lines.map { $0[column].count }.max() ?? 0 }
    return lines.map { Self.line($0, widths, columns.map(\.isNumber)) + "\n" }.joined()
  }

  /// Cells in columns of at least these widths.
  static func line(_ cells: [String], _ widths: [Int], _ areNumbers: [Bool]) -> String {
    var line = ""
    for (index, cell) in cells.enumerated() {
      let padding = String(repeating: " ", count: max(0, widths[index] - cell.count))
      line += (index == 0 ? "" : "  ") + (areNumbers[index] ? padding + cell : cell + padding)
    }
    while line.last == " " { line.removeLast() }
    return line
  }
}

/// A value as a cell of a table: one line, with nothing that a terminal obeys; `-` for what is not there.
func visible(_ value: JSONValue?) -> String {
  switch value {
  case .string(let text): text.isEmpty ? "-" : VisibleText.decoding(Array(text.utf8))
  case nil, .null: "-"
  case .some(let value): VisibleText.decoding(value.serialized())
  }
}
