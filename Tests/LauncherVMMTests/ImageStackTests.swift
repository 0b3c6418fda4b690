import Glibc
import Instances
import Linux
import TestSupport
import Testing

@testable import launcher_vmm

private func image(_ name: String) -> ImageName { ImageName(name)! }

/// An images folder in which qemu-img has done what each line says.
private func made(_ lines: String...) throws -> (TemporaryFolder, InstanceStore) {
  let (folder, store) = try makeStateFolder()
  for line in lines { try require(store, line) }
  return (folder, store)
}

private func expectRefusal(_ name: String, _ store: InstanceStore, _ why: String) {
  #expect {
    try store.image(image(name))
  } throws: {
    "\($0)".contains(why)
  }
}

@Test func imagesMayBeLaidOverOthersOfTheirFolder() throws {
  let (folder, store) = try made(
    "create -q -f raw IMAGES/raw 1M", "create -q -f qcow2 -o compat=0.10 -b raw -F raw IMAGES/second 2M",
    "create -q -f qcow2 -b IMAGES/second -F qcow2 IMAGES/top 3M")
  let top = try store.image(image("top"))
  #expect(
    top.stack == ImageStack(.qcow2, over: [.init(image("second"), .qcow2), .init(image("raw"), .raw)]))
  #expect(top.virtualSize == 3 * 1_048_576)
  #expect(BackingImage(json: top.json) == top)
  withExtendedLifetime(folder) {}
}

@Test func aFormatThatNoHeaderSaysIsThatOfTheImageItself() throws {
  let (folder, store) = try made(
    "create -q -f raw IMAGES/raw 1M", "create -q -f qcow2 IMAGES/lone 1M",
    "create -q -f qcow2 -o compat=0.10 -b raw -F raw IMAGES/a", "create -q -f qcow2 -b lone -F qcow2 IMAGES/b")
  for name in ["a", "b"] {
    // As it was made before formats had to be said: the extension becomes one that nobody knows.
    var bytes = try Files.read(name, in: store.images, limit: 1_048_576)
    let place = try #require(bytes.firstRange(of: [0xe2, 0x79, 0x2a, 0xca]))
    bytes.replaceSubrange(place, with: [1, 1, 1, 1])
    try Files.replace(name, with: bytes, in: store.images)
  }
  #expect(try store.image(image("a")).stack.below == [.init(image("raw"), .raw)])
  #expect(try store.image(image("b")).stack.below == [.init(image("lone"), .qcow2)])
  withExtendedLifetime(folder) {}
}

@Test func anImageThatIsSaidToBeRawIsRawWhateverItsFirstBytesAre() throws {
  let (folder, store) = try made(
    "create -q -f qcow2 -b /etc/passwd -F raw IMAGES/trap 1M", "create -q -f qcow2 -b trap -F raw IMAGES/image")
  #expect(try store.image(image("image")).stack == ImageStack(.qcow2, over: [.init(image("trap"), .raw)]))
  withExtendedLifetime(folder) {}
}

@Test(arguments: [
  "/etc/passwd", "../outside", "./raw", "sub/raw", "..", ".hidden", "json:{}", "nbd://host/raw", "file:raw", "a,b",
])
func anImageWhoseHeaderLeadsOutOfTheFolderIsRefused(name: String) throws {
  let (folder, store) = try made(
    "create -q -f raw IMAGES/raw 1M", "create -q -f qcow2 IMAGES/image 1M",
    "create -q -f qcow2 -b image -F qcow2 IMAGES/above 1M", "rebase -u -b '\(name)' -F raw IMAGES/image")
  for top in ["image", "above"] {
    expectRefusal(top, store, "backing image image: its backing file \(name) is no image")
  }
  withExtendedLifetime(folder) {}
}

@Test func imagesInARingAreRefused() throws {
  let (folder, store) = try made(
    "create -q -f qcow2 IMAGES/a 1M", "create -q -f qcow2 -b a -F qcow2 IMAGES/b", "rebase -u -b b -F qcow2 IMAGES/a",
    "create -q -f qcow2 IMAGES/own 1M", "rebase -u -b own -F qcow2 IMAGES/own")
  expectRefusal("a", store, "laid over itself by way of a")
  expectRefusal("own", store, "laid over itself by way of own")
  withExtendedLifetime(folder) {}
}

@Test func imagesAreLaidOverABoundedNumberOfOthers() throws {
  let (folder, store) = try made("create -q -f qcow2 IMAGES/0 1M")
  for number in 1...ImageStack.maximumBelow + 1 {
    try require(store, "create -q -f qcow2 -b \(number - 1) -F qcow2 IMAGES/\(number)")
  }
  let deepest = try store.image(image("\(ImageStack.maximumBelow)"))
  #expect(deepest.stack.below.map(\.name.text) == (0..<ImageStack.maximumBelow).reversed().map { "\($0)" })
  expectRefusal("\(ImageStack.maximumBelow + 1)", store, "over more than 7 others")
  withExtendedLifetime(folder) {}
}

@Test func whatCannotBeUsedBelowAnImageIsNamed() throws {
  let (folder, store) = try made(
    "create -q -f raw IMAGES/raw 1M", "create -q -f qcow2 IMAGES/image 1M",
    "create -q -f qcow2 -o data_file=IMAGES/data,data_file_raw=on IMAGES/external 1M")
  for (name, format, why) in [
    ("missing", "raw", "backing image missing: open missing: No such file"),
    ("external", "qcow2", "backing image external: keeps its data in another file"),
    ("raw", "vmdk", "backing image raw: its format is said to be vmdk"),
    ("raw", "qcow2", "backing image raw: is said to be qcow2 and is not"),
  ] {
    try require(store, "rebase -u -b \(name) -F \(format) IMAGES/image")
    expectRefusal("image", store, why)
  }
  expectRefusal("external", store, "keeps its data in another file")
  withExtendedLifetime(folder) {}
}

@Test func changedBytesOfAHeaderAreReadOrRefusedButNeverTrap() throws {
  let (folder, store) = try made(
    "create -q -f raw IMAGES/raw 1M", "create -q -f qcow2 -b raw -F raw IMAGES/image")
  let whole = try Files.read("image", in: store.images, limit: 1_048_576)
  let file = try Descriptor.open("image", O_RDWR, in: store.images)
  for offset in 0..<160 {
    for value: UInt8 in [0, 1, 0x7f, 0xff] {
      var byte = value
      try #require(pwrite(file.raw, &byte, 1, offset) == 1)
      _ = try? store.image(image("image"))
    }
    var byte = whole[offset]
    try #require(pwrite(file.raw, &byte, 1, offset) == 1)
  }
  #expect(try store.image(image("image")).stack.below.count == 1)
  withExtendedLifetime(folder) {}
}
