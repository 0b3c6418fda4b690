import Glibc
import Instances
import Linux
import TestSupport
import Testing

@testable import Spawning
@testable import launcher_vmm

@Test func theConfigDriveHasItsLabelAndTheGuestsBytes() throws {
  let (folder, store) = try makeStateFolder()
  let userData = (0..<5000).map { UInt8(truncatingIfNeeded: $0 * 7) }
  let metaData = bytes("{\"uuid\": \"ü\"}\n")
  let staging = try store.makeStaging(for: id)
  try ConfigDrive.layOut(in: staging, userData: userData, metaData: metaData)
  let command = (["xorriso"] + ConfigDrive.arguments(in: staging.path)).joined(separator: " ")
  try #require(run("/bin/sh", "-c", command) == 0)
  try ConfigDrive.cleanUp(in: staging)
  #expect(try Files.names(in: staging.handle) == ["config.iso"])

  // ISO 9660: the primary volume descriptor is sector 16, the label stands at its byte 40.
  let label = try Descriptor.open("config.iso", O_RDONLY, in: staging.handle).read(at: 16 * 2048 + 40, count: 32)
  #expect(String(decoding: label, as: UTF8.self) == "config-2" + String(repeating: " ", count: 24))

  let out = "\(folder.path)/out"
  try #require(
    run("xorriso", "-no_rc", "-osirrox", "on", "-indev", "\(staging.path)/config.iso", "-extract", "/", out) == 0)
  #expect(try Files.read("\(out)/openstack/latest/user_data", limit: 10_000) == userData)
  #expect(try Files.read("\(out)/openstack/latest/meta_data.json", limit: 10_000) == metaData)
}

@Test(arguments: [("10.0.0.1", "10.0.0.1"), ("scheduler.example", "scheduler.example"), ("::1", "\"::1\"")])
func theSchedulerDriveNamesTheScheduler(host: String, written: String) throws {
  let (folder, store) = try makeStateFolder()
  let staging = try store.makeStaging(for: id)
  try SchedulerDrive.layOut(in: staging, SchedulerHost(host)!)
  let command = (["xorriso"] + SchedulerDrive.arguments(in: staging.path)).joined(separator: " ")
  try #require(run("/bin/sh", "-c", command) == 0)
  try SchedulerDrive.cleanUp(in: staging)
  #expect(try Files.names(in: staging.handle) == ["ciao.iso"])
  let label = try Descriptor.open("ciao.iso", O_RDONLY, in: staging.handle).read(at: 16 * 2048 + 40, count: 32)
  #expect(String(decoding: label, as: UTF8.self) == "ciao" + String(repeating: " ", count: 28))
  let out = "\(folder.path)/out"
  try #require(
    run("xorriso", "-no_rc", "-osirrox", "on", "-indev", "\(staging.path)/ciao.iso", "-extract", "/", out) == 0)
  #expect(try Files.read("\(out)/ciao.yaml", limit: 1000) == bytes("scheduler_addr: \(written)\n"))
}

@Test func theDefaultMetaDataNamesTheInstance() {
  let text = String(decoding: ConfigDrive.defaultMetaData(for: id), as: UTF8.self)
  #expect(text.contains("\"uuid\": \"\(id)\""))
  #expect(text.contains("\"hostname\": \"\(id)\""))
}
