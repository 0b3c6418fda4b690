/// One look at one right of one process.
struct Check {
  /// The right's name, for tables and for programs that read the report.
  let right: String
  let found: String
  let expected: String
  let isInOrder: Bool
  /// Why a deviation matters.
  let why: String
}

/// What is not as it is to be, as a sentence.
struct Deviation {
  let process: String
  let right: String
  let found: String
  let expected: String
  let why: String

  var sentence: String { "\(process): \(right): found \(found), expected \(expected): \(why)" }
}
