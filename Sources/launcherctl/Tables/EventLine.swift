import JSON

/// One entry of the journal as a line of a table whose columns do not depend on what is still to come.
enum EventLine {
  /// Room for a time, a node's UUID, `event InstanceDeleted`, and an instance's UUID.
  private static let widths = [24, 36, 21, 36, 0]
  private static let numbers = widths.map { _ in false }

  static let header = Table.line(["TIME", "NODE", "EVENT", "INSTANCE", "DETAIL"], widths, numbers)

  static func text(_ item: JSONValue) -> String {
    let what = [item["kind"], item["name"]].compactMap { $0 }.map { visible($0) }.joined(separator: " ")
    let details = ["reason", "detail", "payload"].compactMap { item[$0] }.map { visible($0) }
    return Table.line(
      [visible(item["time"]), visible(item["node"]), what, visible(item["instance"]), details.joined(separator: " ")],
      widths, numbers)
  }
}
