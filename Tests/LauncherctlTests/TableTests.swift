import Foundation
import JSON
import Testing

@testable import launcherctl

@Suite struct TableTests {
  @Test func columnsAreAlignedAndLinesEndWithoutSpaces() {
    var table = Table([.text("NAME"), .number("SIZE"), .text("NOTE")])
    table.add(["a", "1", ""])
    table.add(["longer", "12345", "x"])
    #expect(
      table.text == """
        NAME     SIZE  NOTE
        a           1
        longer  12345  x

        """)
  }

  @Test func textFromOutsideReachesNoTerminal() {
    #expect(visible("a\u{1b}[31m\nb\u{202e}") == "a\\x1b[31m\\nb\\u{202e}")
    #expect(visible(["k": "\u{7f}"]) == #"{"k":"\x7f"}"#)
  }

  @Test func whatIsNotThereIsADash() {
    #expect(visible(nil) == "-")
    #expect(visible(.null) == "-")
    #expect(visible("") == "-")
  }

  @Test func anUnknownFigureIsADash() {
    let line = NodeTables.instances([
      ["instance_uuid": "a", "state": "active", "node_uuid": "n", "ssh_ip": "", "ssh_port": 0, "memory_usage_mb": -1]
    ]).text.split(separator: "\n")[1]
    #expect(line.split(separator: " ") == ["a", "active", "n", "-", "-", "-", "-"])
  }

  @Test func anEventIsOneLineBelowTheHeader() {
    let item: JSONValue = [
      "time": "2026-01-02T03:04:05.678Z", "kind": "error", "name": "StartFailure", "instance": "ab-cd",
      "node": "bc33e130-54cb-4c83-a611-c7dd05e00347", "reason": "full_cn",
    ]
    let line = EventLine.text(item)
    for (word, title) in [
      ("bc33e130", "NODE"), ("error StartFailure", "EVENT"), ("ab-cd", "INSTANCE"), ("full_cn", "DETAIL"),
    ] {
      #expect(
        line.range(of: word)?.lowerBound.utf16Offset(in: line)
          == EventLine.header.range(of: title)?.lowerBound.utf16Offset(in: EventLine.header))
    }
  }

  @Test func timesAreUTCToTheMillisecond() {
    #expect(WallClock.text(seconds: 1_700_000_000, milliseconds: 7) == "2023-11-14T22:13:20.007Z")
  }
}
