import Instances
import Payloads
import Testing

@Suite("What is not the start section reaches the guest byte for byte")
struct UserDataTests {
  static let cuts: [(String, String)] = [
    // first, last, between, only
    ("#cloud-config\n\(section)runcmd: [a]\n", "#cloud-config\nruncmd: [a]\n"),
    ("#cloud-config\nruncmd: [a]\n\(section)", "#cloud-config\nruncmd: [a]\n"),
    ("#cloud-config\na: 1\n\(section)b: 2\n", "#cloud-config\na: 1\nb: 2\n"),
    (section, ""),
    ("#cloud-config\n# nothing else\n\(section)", ""),
    ("{\(flowSection)}", ""),
    // comments
    ("#cloud-config\n# above start\n\(section)# above a\na: 1\n", "#cloud-config\n# above start\n# above a\na: 1\n"),
    (
      "a: 1 # of a\n\(section)  # of start\n\n# of b\n\n# too\nb: 2 # end\n",
      "a: 1 # of a\n# of b\n\n# too\nb: 2 # end\n"
    ),
    ("a: 1\n\(section)# last", "a: 1\n# last"),
    ("a: 1\n\(flowSection) # of start\n# of b\nb: 2", "a: 1\n# of b\nb: 2"),
    ("  a: 1\n  \(flowSection)\n   # of start\n  # of b\n# too\n  b: 2", "  a: 1\n  # of b\n# too\n  b: 2"),
    // missing final newline
    ("\(section)a: 1", "a: 1"),
    ("a: 1\n" + section.dropLast(), "a: 1\n"),
    ("a: 1\n\(flowSection)", "a: 1\n"),
    // blank lines belong to what is above them
    ("a: |+\n  x\n\n\(section)\n\nb: 1\n", "a: |+\n  x\n\nb: 1\n"),
    ("\n\n#cloud-config\n\n\(section)\na: 1\n\n\n", "\n\n#cloud-config\n\na: 1\n\n\n"),
    // block scalars on either side
    (section(with: "note: |\n    # no comment\n    b: 2\n") + "a: >-\n  x\n  # y\n", "a: >-\n  x\n  # y\n"),
    ("a: |2\n    start:\n      x: y\n\(section)", "a: |2\n    start:\n      x: y\n"),
    ("a: |\n start: 1\n\n  # z\n\(section)  # of start\nb: ''\n", "a: |\n start: 1\n\n  # z\nb: ''\n"),
    (section(with: "note: |+\n    x\n\n\n") + "# c\nb: 1\n", "# c\nb: 1\n"),
    ("  a: |\n   x\n  ? start\n  : {instance_uuid: 1, tenant_uuid: 2, image_uuid: 3}\n  b: 1", "  a: |\n   x\n  b: 1"),
    // quoted and explicit keys, keys that only look like start
    ("a: 1\n\"start\"" + section.dropFirst(5) + "b: 2\n", "a: 1\nb: 2\n"),
    ("'start'   " + section.dropFirst(5) + "b: 2\n", "b: 2\n"),
    ("\"st\\x61rt\"" + section.dropFirst(5) + "b: 2\n", "b: 2\n"),
    ("a: 1\n? start\n: instance_uuid: 1\n  tenant_uuid: 2\n  image_uuid: 3\n? b\n: 2\n", "a: 1\n? b\n: 2\n"),
    (
      "a: 1\n?\n  start\n:\n  instance_uuid: 1\n  tenant_uuid: 2\n  image_uuid: 3\n# c\n?\n  b\n", "a: 1\n# c\n?\n  b\n"
    ),
    ("? # c\n  start\n: {instance_uuid: 1, tenant_uuid: 2, image_uuid: 3}\n? [b, c]\n: 2\n", "? [b, c]\n: 2\n"),
    ("a:\n  ?\n\(section)b:\n  -\n  -\n", "a:\n  ?\nb:\n  -\n  -\n"),
    ("a:\n\(section)b:", "a:\nb:"),
    ("a: {start: 1}\nstarts: 2\nStart: 3\n\(section)", "a: {start: 1}\nstarts: 2\nStart: 3\n"),
    // anchors, aliases and tags outside the section
    ("a: &x [1]\n\(section)b: *x\n<<: {c: *x}\n!!str d: !e f\n", "a: &x [1]\nb: *x\n<<: {c: *x}\n!!str d: !e f\n"),
    // flow style
    ("{\(flowSection), runcmd: [a, b]}\n", "{runcmd: [a, b]}\n"),
    ("{runcmd: [a, b], \(flowSection)}\n", "{runcmd: [a, b]}\n"),
    ("{a: 1, \(flowSection), b: 2}", "{a: 1, b: 2}"),
    ("{a: 1 , # x, y\n \(flowSection) , }", "{a: 1  , }"),
    (
      "#cloud-config\n{\n  \"a\": [],\n  \"start\"\(flowSection.dropFirst(5))\n}\n",
      "#cloud-config\n{\n  \"a\": []\n}\n"
    ),
    ("{\n  \(flowSection), # of start, too\n  # of b\n  \"b\": {}\n}", "{\n  # of b\n  \"b\": {}\n}"),
    ("{\n  \(flowSection)\n  # before the comma\n  , b: {}\n}", "{\n  b: {}\n}"),
    ("{? \(flowSection), ? b : 1}", "{? b : 1}"),
    ("{a, instance_uuid: 1, tenant_uuid: 2, image_uuid: 3, start: }", "{a }"),
    ("{a: , instance_uuid: 1, tenant_uuid: 2, image_uuid: 3, start}", "{a: }"),
    // fields beside start
    (
      "image_uuid: 3\na: 1\nstart:\n  instance_uuid: 1\n  tenant_uuid: 2\nfw_type: efi\n# of b\nb: 2\n",
      "a: 1\n# of b\nb: 2\n"
    ),
    (
      "a: 1\nfw_type: |\n  mine\nstart: {instance_uuid: 1, tenant_uuid: 2, image_uuid: 3, fw_type: efi}\n",
      "a: 1\nfw_type: |\n  mine\n"
    ),
    ("instance_uuid: 1\nstart:\ntenant_uuid: 2\n# of image\nimage_uuid: 3\npersistence: host\nb: 1\n", "b: 1\n"),
    // other scripts and line breaks
    ("a: Grüße 🚀\n\(section(with: "note: žluťoučký"))ключ: 値 # 注\n", "a: Grüße 🚀\nключ: 値 # 注\n"),
    ("a: 1\r\n\(section.replacing("\n", with: "\r\n"))# c\r\nb: 2\r\n\r\n", "a: 1\r\n# c\r\nb: 2\r\n\r\n"),
    ("a: 1\r\(section.replacing("\n", with: "\r"))# c\rb: 2\r", "a: 1\r# c\rb: 2\r"),
    ("a: 1\u{2028}\(flowSection)\u{85}# c\u{2029}b: 2\n", "a: 1\u{2028}# c\u{2029}b: 2\n"),
    ("\u{feff}#cloud-config\na: é\n\(section)b: 2\n", "#cloud-config\na: é\nb: 2\n"),
    // separators, directives, comments before the document
    ("---\n#cloud-config\na: 1\n\(section)", "#cloud-config\na: 1\n"),
    ("#cloud-config\n---\na: 1\n\(section)...\n", "#cloud-config\na: 1\n"),
    ("%YAML 1.1\n# c\n%TAG !e! tag:x,1:\n--- # d\n#cloud-config\na: 1\n\(section)", "#cloud-config\na: 1\n"),
    ("# c\n--- # d\na: 1\n\(section)", "# c\na: 1\n"),
    ("--- #cloud-config\na: 1\n\(section)", "#cloud-config\na: 1\n"),
    ("--- !!map\na: 1\n\(section)", "!!map\na: 1\n"),
    ("--- {\(flowSection), a: 1}\n", "{a: 1}\n"),
    ("...\n# c\n...\na: 1\n\(section)... # end\n# after\n", "a: 1\n"),
  ]

  @Test("the section is cut out and every other byte stays", arguments: cuts)
  func cut(_ payload: String, _ expected: String) throws {
    #expect(try userData(payload) == expected)
  }

  @Test("1 MiB of text is kept")
  func longText() throws {
    let long =
      "#cloud-config\nwrite_files:\n- content: |\n" + String(repeating: "    0123456789 ěščřž\n", count: 1 << 15)
    #expect(try userData(long + section + "a: 1\n") == long + "a: 1\n")
  }

  @Test("any order of keys in any style gives the other keys' bytes in their order")
  func anyOrder() throws {
    let pieces = [
      "runcmd:\n- [ touch, /x ]\n- ls\n", "# about a\na: |\n  text\n\n  # more\n", "'b': \"x\n  y\"\n", "? c\n: - d\n",
      "e: # null\n", "f: &f >+\n  folded\n\n", "# g\n\n# h\ng: {start: [1,\n  2]}\n", "ž: plain\n  text 🚀\n",
      "h:\n  ?\n", "i: ~\r\n",
    ]
    let sections = [
      section, "\"start\"" + section.dropFirst(5), flowSection + "\n", section + "\n  # its own\n",
      section(with: "subnet_key: |\n    x\n\n    # y"), "? start\n: " + section.dropFirst(9),
      "start:\r\n" + section.dropFirst(7),
    ]
    var numbers = FixedNumbers(state: 1)
    for _ in 0..<500 {
      let kept = pieces.shuffled(using: &numbers).prefix(Int.random(in: 1...pieces.count, using: &numbers))
      let place = Int.random(in: 0...kept.count, using: &numbers)
      let chosen = sections[Int.random(in: 0..<sections.count, using: &numbers)]
      let header = Bool.random(using: &numbers) ? "#cloud-config\n" : ""
      let payload = header + kept.prefix(place).joined() + chosen + kept.dropFirst(place).joined()
      #expect(try userData(payload) == header + kept.joined(), "\(payload)")
    }
  }
}
