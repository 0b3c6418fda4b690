// FUZZ_TARGET=TARGET launcher-fuzz [libFuzzer's options and folders]
//
// The target is in the environment because libFuzzer starts the program again with its own arguments to merge.
import Glibc

@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
  _ count: UnsafeMutablePointer<Int32>,
  _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
  _ run: @convention(c) (UnsafePointer<UInt8>?, Int) -> Int32
) -> Int32

guard let name = getenv("FUZZ_TARGET"), let chosen = FuzzTarget(rawValue: String(cString: name)) else {
  print("set FUZZ_TARGET to one of:", FuzzTarget.allCases.map(\.rawValue).joined(separator: " "))
  exit(2)
}

/// A C function cannot capture it.
nonisolated(unsafe) private var target = chosen
var arguments = CommandLine.unsafeArgv
var count = CommandLine.argc
exit(
  runDriver(&count, &arguments) { bytes, size in
    target.run(Array(UnsafeBufferPointer(start: bytes, count: size)))
    return 0
  })
