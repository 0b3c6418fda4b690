extension GobTime: CustomStringConvertible {
  private static let secondsPerDay: Int64 = 86_400
  /// From 0001-01-01 to 9999-12-31, less a day on either side for the zone, in seconds since 1970-01-01.
  private static let describable = -62_135_510_400..<253_402_214_400 as Range<Int64>

  /// As RFC 3339 has it, with as many digits of a second as there are: `2016-03-01T13:37:00.25Z`. Empty outside
  /// the years 1 to 9999, of which Go's zero time is the first moment.
  public var description: String {
    guard Self.describable.contains(unixSeconds) else { return "" }
    let local = unixSeconds + Int64(zoneOffset ?? 0)
    let second = local.modulo(Self.secondsPerDay)
    let date = Self.date((local - second) / Self.secondsPerDay)
    let time = [second / 3600, second / 60 % 60, second % 60].map { Self.digits($0, 2) }.joined(separator: ":")
    return "\(date)T\(time)\(fraction)\(zone)"
  }

  /// The date of a day since 1970-01-01, counted in years that begin in March.
  private static func date(_ day: Int64) -> String {
    let shifted = day + 719_468
    let era = shifted / 146_097
    let dayOfEra = shifted % 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    return "\(digits(year, 4))-\(digits(month, 2))-\(digits(dayOfYear - (153 * shiftedMonth + 2) / 5 + 1, 2))"
  }

  private var fraction: String {
    guard nanoseconds > 0 else { return "" }
    var digits = Self.digits(Int64(nanoseconds), 9)
    while digits.hasSuffix("0") { digits.removeLast() }
    return "." + digits
  }

  private var zone: String {
    guard let zoneOffset, zoneOffset != 0 else { return "Z" }
    let minutes = Int64(zoneOffset.magnitude / 60)
    return (zoneOffset < 0 ? "-" : "+") + Self.digits(minutes / 60, 2) + ":" + Self.digits(minutes % 60, 2)
  }

  private static func digits(_ number: Int64, _ count: Int) -> String {
    let text = String(number)
    return String(repeating: "0", count: max(0, count - text.count)) + text
  }
}

extension Int64 {
  /// The rest of a division that rounds down, also below zero.
  fileprivate func modulo(_ divisor: Int64) -> Int64 {
    let rest = self % divisor
    return rest < 0 ? rest + divisor : rest
  }
}
