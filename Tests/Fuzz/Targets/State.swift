@testable import launcher_vmm

func readState(_ bytes: [UInt8]) {
  if let file = try? MaintenanceFile(bytes: bytes) {
    require((try? MaintenanceFile(bytes: file.bytes)) == file, "\(file) changes when it is written and read again")
  }
  guard let file = try? InstanceFile(bytes: bytes) else { return }
  require((try? InstanceFile(bytes: file.bytes)) == file, "\(file) changes when it is written and read again")
}
