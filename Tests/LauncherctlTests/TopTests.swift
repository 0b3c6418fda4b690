import Testing

@testable import launcherctl

private let file = """
  # HELP launcher_sample_timestamp_seconds When these figures were taken.
  # TYPE launcher_sample_timestamp_seconds gauge
  launcher_sample_timestamp_seconds 1000
  launcher_node_memory_size_bytes 1073741824
  launcher_node_memory_available_bytes 536870912
  launcher_node_load 3
  launcher_instances{state="pending"} 0
  launcher_instances{state="active"} 2
  launcher_instances{state="exited"} 1
  launcher_instance_state{uuid="a-1",state="active"} 1
  launcher_instance_state{uuid="a-2",state="exited"} 1
  launcher_instance_state{uuid="a-3",state="active"} 1
  launcher_instance_memory_bytes{uuid="a-1"} 2097152
  launcher_instance_disk_bytes{uuid="a-2"} 7000000
  launcher_instance_cpu_percent{uuid="a-1"} 5
  launcher_instance_cpu_percent{uuid="a-3"} 99
  launcher_instance_ssh_port{uuid="a-1",address="10.0.0.1"} 33002
  # EOF

  """

@Test func topShowsTheNodeAndItsInstancesTheBusiestFirst() throws {
  let text = TopTable.text(try Metrics(file), now: 1010, isColoured: false, rows: .max)
  #expect(
    text == """
      instances  2 active, 0 pending, 1 exited
      load       3 on - CPUs
      memory     512 of 1024 MiB available
      disk       - of - MB available

      INSTANCE  STATE   CPU %  MEMORY MiB  DISK MB  SSH
      a-3       active     99           -        -  -
      a-1       active      5           2        -  10.0.0.1:33002
      a-2       exited      -           -        7  -

      """)
}

@Test func topSaysThatFiguresAreOld() throws {
  let text = TopTable.text(try Metrics(file), now: 1061, isColoured: false, rows: .max)
  #expect(text.hasPrefix("instances  2 active, 0 pending, 1 exited, 61 s old: is launcher-stats running?\n"))
}

@Test func topColoursLinesByStateAndLeavesTheirTextAlone() throws {
  let metrics = try Metrics(file)
  let plain = TopTable.text(metrics, now: 1000, isColoured: false, rows: .max)
  let coloured = TopTable.text(metrics, now: 1000, isColoured: true, rows: .max)
  #expect(coloured.contains("\u{1b}[32ma-3       active"))
  #expect(coloured.contains("\u{1b}[90ma-2       exited"))
  #expect(coloured.replacing(#/\x1b\[\d+m/#, with: "") == plain)
}

@Test func topFitsTheTerminal() throws {
  let lines = (0..<100).map { "launcher_instance_cpu_percent{uuid=\"a-\($0)\"} \($0)\n" }.joined()
  let text = TopTable.text(try Metrics(lines), now: 0, isColoured: false, rows: 24)
  #expect(text.split(separator: "\n", omittingEmptySubsequences: false).count <= 24)
  #expect(text.contains("... and 84 more\n") && text.contains("a-99 "))
}

@Test(arguments: ["launcher_x", "launcher_x y", "x{} ", " "])
func aForeignMetricsFileIsRefused(text: String) {
  #expect(throws: Failure.self) { try Metrics(text) }
}
