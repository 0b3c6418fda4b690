/// Takes a document out of the text, without the entries that are not the guest's. Every byte it gives is the
/// sender's.
struct DocumentCut {
  private let text: YAMLText
  private let document: PayloadDocument

  /// What makes user data a cloud-config; it must stand in the first line.
  static let cloudConfigHeader = "#cloud-config"

  init(_ text: YAMLText, _ document: PayloadDocument) {
    self.text = text
    self.document = document
  }

  var hasCloudConfigHeader: Bool {
    hasHeader(in: document.body) || headLines.first.map(hasHeader) ?? false
  }

  private func hasHeader(in range: Range<Int>) -> Bool {
    text.hasPrefix(Self.cloudConfigHeader, at: range.lowerBound, limit: range.upperBound)
  }

  /// The document without the entries that `isRemoved` names; nil when it has none but those.
  func bytes(removing isRemoved: (PayloadDocument.Entry.Name) -> Bool) -> [UInt8]? {
    let runs = runs(isRemoved)
    if let only = runs.first, only.isRemoved, runs.count == 1 { return nil }

    var result: [UInt8] = []
    result.reserveCapacity(document.head.count + document.body.count)
    for line in keptHead { result += text.bytes[line] }
    var position = document.body.lowerBound
    for (i, run) in runs.enumerated() where run.isRemoved {
      let cut = cut(run, previous: i > 0 ? runs[i - 1] : nil, next: i + 1 < runs.count ? runs[i + 1] : nil)
      // Marks go forward only; a cut that did not would repeat bytes.
      let start = max(position, cut.lowerBound)
      result += text.bytes[position..<start]
      position = max(start, cut.upperBound)
    }
    result += text.bytes[position..<max(position, document.body.upperBound)]
    return result
  }

  /// The root value and the white space that follows it. JSON has no comments, so those around it are left out.
  var json: [UInt8] {
    var end = document.content.upperBound
    while end < document.body.upperBound, [0x20, 0x09, 0x0a, 0x0d].contains(text.bytes[end]) { end += 1 }
    return Array(text.bytes[document.content.lowerBound..<end])
  }

  // MARK: Before the document

  /// The comments and blank lines before the document. Its directives are launcher's business, not the guest's.
  private var headLines: [Range<Int>] {
    var lines: [Range<Int>] = []
    var position = document.head.lowerBound
    while position < document.head.upperBound {
      let next = text.nextLine(after: position, limit: document.head.upperBound)
      if text.bytes[position] != UInt8(ascii: "%") { lines.append(position..<next) }
      position = next
    }
    return lines
  }

  private var keptHead: [Range<Int>] {
    let lines = headLines
    guard document.isExplicit else { return lines }
    // Comments before a `---` must not push the header that follows it out of the first line.
    if hasHeader(in: document.body), !(lines.first.map(hasHeader) ?? false) { return [] }
    let isBlank = lines.allSatisfy { line in
      let first = text.skipBlanks(from: line.lowerBound, limit: line.upperBound)
      return first == line.upperBound || text.lineBreakLength(at: first) > 0
    }
    return isBlank ? [] : lines
  }

  // MARK: Cutting entries out

  /// Neighbouring entries that are all kept or all removed. Offsets in bytes.
  private struct Run {
    var isRemoved: Bool
    var gapStart: Int
    /// Of the line it begins in.
    var lineStart: Int
    /// Of its first key, or of the `?` before it.
    var start: Int
    /// Behind the last character of its last value, or the `:` where that is null.
    var end: Int
  }

  private var isFlow: Bool { document.root == .mapping(isFlow: true) }

  private func runs(_ isRemoved: (PayloadDocument.Entry.Name) -> Bool) -> [Run] {
    var runs: [Run] = []
    for (i, entry) in document.entries.enumerated() {
      let removed = isRemoved(entry.name)
      let nextKey =
        i + 1 < document.entries.count
        ? text.byteOffset(ofCharacter: document.entries[i + 1].start.index) : document.body.upperBound
      let end = behindColon(after: text.byteOffset(ofCharacter: entry.end), limit: nextKey)
      if let last = runs.indices.last, runs[last].isRemoved == removed {
        runs[last].end = end
        continue
      }
      var run = Run(
        isRemoved: removed, gapStart: text.byteOffset(ofCharacter: entry.gapStart),
        lineStart: text.byteOffset(ofCharacter: max(0, entry.start.index - entry.start.column)),
        start: text.byteOffset(ofCharacter: entry.start.index), end: end)
      if let indicator = keyIndicator(in: run.gapStart..<max(run.gapStart, run.start)) {
        run.start = indicator
        run.lineStart = indicator - document.column
      }
      runs.append(run)
    }
    return runs
  }

  private func cut(_ run: Run, previous: Run?, next: Run?) -> Range<Int> {
    let start: Int
    let end: Int
    if !isFlow {
      start = run.lineStart
      let limit = next?.lineStart ?? document.body.upperBound
      end = comment(after: run.end, limit: limit)?.line ?? limit
    } else if let next {
      start = run.start
      let comma = firstOutsideComments(UInt8(ascii: ","), in: run.end..<max(run.end, next.start)) ?? next.start
      end = comment(after: comma, limit: next.start)?.start ?? next.start
    } else {
      let gap = run.gapStart..<max(run.gapStart, run.start)
      start = previous == nil ? run.start : firstOutsideComments(UInt8(ascii: ","), in: gap) ?? run.start
      end = run.end
    }
    return start..<max(start, end)
  }

  /// The first comment between a removed entry and the next one, at `limit`, that is not the removed entry's own
  /// as one at the end of its line is, or one that is indented deeper than the keys of a block mapping.
  private func comment(after end: Int, limit: Int) -> (line: Int, start: Int)? {
    var line = text.isLineStart(end) ? end : text.nextLine(after: end, limit: limit)
    while line < limit {
      let first = text.skipBlanks(from: line, limit: limit)
      if first < limit, text.bytes[first] == UInt8(ascii: "#"), isFlow || first - line <= document.column {
        return (line, first)
      }
      line = text.nextLine(after: line, limit: limit)
    }
    return nil
  }

  /// The `?` of a key that is written `? key`, in the bytes between the entry before it and the key.
  private func keyIndicator(in gap: Range<Int>) -> Int? {
    if isFlow { return firstOutsideComments(UInt8(ascii: "?"), in: gap) }
    // It stands in the column of the keys; deeper ones belong to the entry before.
    var line = gap.lowerBound
    if !text.isLineStart(line) {
      line -= document.column
      if !text.isLineStart(line) { line = text.nextLine(after: gap.lowerBound, limit: gap.upperBound) }
    }
    while line < gap.upperBound {
      let first = text.skipBlanks(from: line, limit: gap.upperBound)
      if first < gap.upperBound, first - line == document.column, text.bytes[first] == UInt8(ascii: "?") {
        return first
      }
      line = text.nextLine(after: line, limit: gap.upperBound)
    }
    return nil
  }

  /// The offset behind the `:` of a null value, which is nowhere in the text; `offset` if there is none.
  private func behindColon(after offset: Int, limit: Int) -> Int {
    var position = offset
    while position < limit {
      let byte = text.bytes[position]
      if byte == UInt8(ascii: ":") { return position + 1 }
      if byte == UInt8(ascii: "#") {
        position = text.nextLine(after: position, limit: limit)
      } else if byte == 0x20 || byte == 0x09 {
        position += 1
      } else if text.lineBreakLength(at: position) > 0 {
        position += text.lineBreakLength(at: position)
      } else {
        return offset
      }
    }
    return offset
  }

  private func firstOutsideComments(_ byte: UInt8, in range: Range<Int>) -> Int? {
    var position = range.lowerBound
    while position < range.upperBound {
      if text.bytes[position] == byte { return position }
      position =
        text.bytes[position] == UInt8(ascii: "#")
        ? text.nextLine(after: position, limit: range.upperBound) : position + 1
    }
    return nil
  }
}
