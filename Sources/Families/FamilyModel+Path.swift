internal import Checkpoints
package import Notation
internal import Systems

extension FamilyModel {
    /// A folder with config.json, or a GGUF file.
    package init(path: String) throws(ManifestError) {
        guard path.hasSuffix(".gguf") else {
            try self.init(directory: path)
            return
        }
        let gguf: GGUFFile
        do { gguf = try GGUFFile(path: path) } catch {
            throw ManifestError(
                at: Mark(file: path, line: 0, column: 0), found: error.description, expected: "a GGUF file")
        }
        try self.init(gguf: gguf)
    }
}
