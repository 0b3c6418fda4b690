/// What a metrics file of launcher-stats says.
struct Metrics {
  struct Instance: Equatable {
    var uuid: String
    var state = "-"
    var figures: [String: Int] = [:]
    var sshAddress: String?
  }

  /// Figures of the node, by name without `launcher_`.
  private(set) var node: [String: Int] = [:]
  /// In the order in which the file names them.
  private(set) var instances: [Instance] = []
  private var places: [String: Int] = [:]

  /// Reads the text; throws at a line that launcher-stats does not write.
  init(_ text: String) throws {
    for line in text.split(separator: "\n") where !line.hasPrefix("#") {
      guard let space = line.lastIndex(of: " "), let value = Int(line[line.index(after: space)...]) else {
        throw Failure("metrics: \(String(line.prefix(80)).debugDescription) is no line of launcher's")
      }
      let series = line[..<space]
      let name = series.prefix { $0 != "{" }
      add(String(name.dropFirst("launcher_".count)), labels(series.dropFirst(name.count)), value)
    }
  }

  private mutating func add(_ name: String, _ labels: [Substring: Substring], _ value: Int) {
    guard let uuid = labels["uuid"].map({ String($0) }) else {
      node[name + (labels["state"].map { "_" + $0 } ?? "")] = value
      return
    }
    if places[uuid] == nil {
      places[uuid] = instances.count
      instances.append(Instance(uuid: uuid))
    }
    let place = places[uuid]!
    if let state = labels["state"] { instances[place].state = String(state) }
    if let address = labels["address"] { instances[place].sshAddress = String(address) }
    instances[place].figures[name] = value
  }

  /// `{name="value",…}`: launcher's values hold neither commas nor quotes.
  private func labels(_ text: Substring) -> [Substring: Substring] {
    var labels: [Substring: Substring] = [:]
    for pair in text.drop(while: { $0 == "{" }).prefix(while: { $0 != "}" }).split(separator: ",") {
      let parts = pair.split(separator: "=", maxSplits: 1)
      if parts.count == 2 { labels[parts[0]] = parts[1].drop { $0 == "\"" }.prefix { $0 != "\"" } }
    }
    return labels
  }
}
