import Foundation
import Generation
import TestSupport
import Testing

/// Where it stands how a model reads conversations.
@Suite struct ChatFilesTests {
    /// A GGUF file that holds a template and nothing else.
    private func gguf(_ template: String) -> Data {
        var bytes = Data("GGUF".utf8)
        func number(_ value: Int, _ size: Int) {
            bytes.append(contentsOf: (0..<size).map { UInt8(value >> (8 * $0) & 255) })
        }
        func text(_ text: String) {
            number(text.utf8.count, 8)
            bytes.append(contentsOf: text.utf8)
        }
        number(3, 4)
        number(0, 8)
        number(1, 8)
        text("tokenizer.chat_template")
        number(8, 4)
        text(template)
        return bytes
    }

    /// A run whose model came from such a file was evaluated on prompts without their template: of 150 right answers in 200
    /// eight were left.
    @Test func `a run's folder does not hide the template of the GGUF file that it began with`() throws {
        let folder = try TemporaryFolder()
        try FileManager.default.createDirectory(
            atPath: folder.file("run/pretrained"), withIntermediateDirectories: true)
        try folder.write("{}", to: "run/pretrained/config.json")
        let origin = folder.file("model.gguf")
        try gguf("{{ messages }}").write(to: URL(fileURLWithPath: origin))
        let own = folder.file("run/pretrained")
        #expect(try ChatFiles(places: [own, origin]).template()?.text == "{{ messages }}")
        #expect(try ChatFiles(places: [origin]).template()?.path == origin)
        #expect(try ChatFiles(places: [own]).template() == nil)
        try folder.write("{% if x %}", to: "run/pretrained/chat_template.jinja")
        let kept = try ChatFiles(places: [own, folder.file("gone")]).template()
        #expect(kept?.path == "\(own)/chat_template.jinja")
    }
}
