import Foundation
import Testing

private let corpus = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../Corpus")

/// Every input that fuzzing found to reach something new, or that once broke something.
@Test(arguments: FuzzTarget.allCases) func everyInputOfTheCorpusKeepsThePromises(_ target: FuzzTarget) throws {
  let folder = corpus.appending(path: target.rawValue)
  let inputs = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
  #expect(inputs.count >= 10)
  for input in inputs { target.run([UInt8](try Data(contentsOf: input))) }
}
