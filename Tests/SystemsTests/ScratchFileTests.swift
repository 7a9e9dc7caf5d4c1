import Foundation
import Systems
import Testing

@Suite struct ScratchFileTests {
    @Test func `a scratch file is read by its path and stands in no folder`() throws {
        let name = "echelon-scratch-file-test"
        let file = try ScratchFile(name, "some text".utf8)
        #expect(try File.text(file.path, limit: 100) == "some text")
        #expect(try RegularFile(file.path).byteCount == 9)
        let left = try File.names(in: ScratchFolder.parent).filter { $0.hasPrefix(name) }
        #expect(left.isEmpty, "\(left)")
    }
}
