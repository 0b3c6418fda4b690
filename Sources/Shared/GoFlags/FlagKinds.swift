extension FlagSet {
  /// A switch: `-name`, `-name=true` or `-name=false`, and the other spellings of Go's strconv.ParseBool.
  public mutating func bool(
    _ name: String, default defaultValue: Bool = false, group: String, help: String, detail: String = ""
  ) -> Flag<Bool> {
    value(
      name, nil, default: defaultValue, defaultText: defaultValue ? "true" : "", allowed: "true or false",
      group: group, help: help, detail: detail, completion: .values(["true", "false"])
    ) { text in
      switch text {
      case "1", "t", "T", "true", "TRUE", "True": true
      case "0", "f", "F", "false", "FALSE", "False": false
      default: nil
      }
    }
  }

  /// A decimal integer within `range`; without one, any that Int holds.
  public mutating func int(
    _ name: String, _ placeholder: String = "N", default defaultValue: Int, in range: ClosedRange<Int>? = nil,
    group: String, help: String, detail: String = ""
  ) -> Flag<Int> {
    precondition(range?.contains(defaultValue) ?? true, "default of -\(name) is out of its range")
    let bounds = range.map { "\($0.lowerBound) to \($0.upperBound)" }
    return value(
      name, placeholder, default: defaultValue, defaultText: String(defaultValue),
      allowed: "an integer" + (bounds.map { " from " + $0 } ?? ""), group: group, help: help,
      detail: detail
    ) { text in
      guard let number = Int(text), range?.contains(number) ?? true else { return nil }
      return number
    }
  }

  /// Any text, also an empty one.
  public mutating func string(
    _ name: String, _ placeholder: String, default defaultValue: String = "", group: String, help: String,
    detail: String = "",
    completion: FlagCompletion = .nothing
  ) -> Flag<String> {
    value(
      name, placeholder, default: defaultValue, defaultText: defaultValue, allowed: "a text", group: group, help: help,
      detail: detail, completion: completion
    ) { $0 }
  }

  /// Texts separated by commas; an empty value is the empty list.
  public mutating func strings(
    _ name: String, _ placeholder: String, default defaultValue: [String] = [], group: String, help: String
  ) -> Flag<[String]> {
    value(
      name, placeholder, default: defaultValue, defaultText: defaultValue.joined(separator: ","),
      allowed: "a list separated by commas, without empty items", group: group, help: help
    ) { text in
      if text.isEmpty { return [] }
      let items = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
      return items.contains("") ? nil : items
    }
  }

  /// One case of an enumeration, written as its raw value.
  public mutating func choice<Choice>(
    _ name: String, _ placeholder: String, default defaultValue: Choice, group: String, help: String,
    detail: String = ""
  ) -> Flag<Choice> where Choice: RawRepresentable<String> & CaseIterable & Sendable {
    let names = Choice.allCases.map(\.rawValue).joined(separator: ", ")
    return value(
      name, placeholder, default: defaultValue, defaultText: defaultValue.rawValue, allowed: "one of " + names,
      note: names, group: group, help: help, detail: detail, completion: .values(Choice.allCases.map(\.rawValue)),
      convert: { Choice(rawValue: $0) })
  }

  /// A length of time within `range`: seconds (`90`) or Go's notation with whole numbers (`1m30s`, `500ms`).
  public mutating func duration(
    _ name: String, _ placeholder: String = "TIME", default defaultValue: Duration, in range: ClosedRange<Duration>,
    group: String, help: String, detail: String = ""
  ) -> Flag<Duration> {
    precondition(range.contains(defaultValue), "default of -\(name) is out of its range")
    let bounds = "\(durationText(range.lowerBound)) to \(durationText(range.upperBound))"
    return value(
      name, placeholder, default: defaultValue, defaultText: durationText(defaultValue),
      allowed: "a time such as 90s or 1m30s, from " + bounds, group: group, help: help,
      detail: detail
    ) { text in
      guard let duration = parseDuration(text), range.contains(duration) else { return nil }
      return duration
    }
  }

  /// A number of bytes within `range`: plain, or with K, M or G behind it for powers of 1024.
  public mutating func size(
    _ name: String, _ placeholder: String = "SIZE", default defaultValue: Int, in range: ClosedRange<Int>,
    group: String, help: String, detail: String = ""
  ) -> Flag<Int> {
    precondition(range.contains(defaultValue), "default of -\(name) is out of its range")
    let bounds = "\(sizeText(range.lowerBound)) to \(sizeText(range.upperBound))"
    return value(
      name, placeholder, default: defaultValue, defaultText: sizeText(defaultValue),
      allowed: "a size such as 16M, from " + bounds, group: group, help: help, detail: detail
    ) { text in
      guard let size = parseSize(text), range.contains(size) else { return nil }
      return size
    }
  }
}

/// The units of a size, largest first, in bytes.
private let sizeUnits: [(name: Character, bytes: Int)] = [("G", 1 << 30), ("M", 1 << 20), ("K", 1 << 10)]

private func parseSize(_ text: String) -> Int? {
  let unit = sizeUnits.first { $0.name == text.last }
  let digits = unit == nil ? text[...] : text.dropLast()
  guard digits.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }), let number = Int(digits),
    case (let size, false) = number.multipliedReportingOverflow(by: unit?.bytes ?? 1)
  else { return nil }
  return size
}

private func sizeText(_ size: Int) -> String {
  let unit = sizeUnits.first { size > 0 && size % $0.bytes == 0 }
  return unit.map { "\(size / $0.bytes)\($0.name)" } ?? String(size)
}

/// The units of a duration, longest first, in milliseconds.
private let durationUnits: [(name: String, milliseconds: Int64)] = [
  ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1),
]
/// Digits of one number in a duration: with four units of at most one hour the sum stays far below Int64.max.
private let durationDigits = 9

/// Reads `90` (seconds) or numbers with units, longest unit first and each at most once.
private func parseDuration(_ text: String) -> Duration? {
  var rest = text[...]
  var units = durationUnits[...]
  var total: Int64 = 0
  repeat {
    let digits = rest.prefix { ("0"..."9").contains($0) }
    guard digits.count <= durationDigits, let number = Int64(digits) else { return nil }
    rest = rest.dropFirst(digits.count)
    let unit = rest.prefix { $0.isLetter }
    rest = rest.dropFirst(unit.count)
    if unit.isEmpty, digits.count == text.count { return .seconds(number) }
    guard let index = units.firstIndex(where: { $0.name == unit }) else { return nil }
    total += number * units[index].milliseconds
    units = units[(index + 1)...]
  } while !rest.isEmpty
  return .milliseconds(total)
}

/// The shortest notation that `parseDuration` reads back, to the millisecond.
private func durationText(_ duration: Duration) -> String {
  var milliseconds = duration / .milliseconds(1)
  milliseconds.round()
  var rest = Int64(milliseconds)
  var text = ""
  for unit in durationUnits where rest >= unit.milliseconds {
    text += "\(rest / unit.milliseconds)\(unit.name)"
    rest %= unit.milliseconds
  }
  return text.isEmpty ? "0s" : text
}
