/// A family's files as the model sees them: which of their tensors each parameter is made of, and what else may stand there.
///
/// Parameters of equal parts are one tensor (a tie); an export writes the first of them.
package struct TensorMap: Hashable, Sendable {
    package var parameters: [StoredParameter]
    /// Name ends of buffers that may stand in files and mean nothing: `.attn.bias`, `.inv_freq`.
    package var ignored: [String]
    /// Prefixes that a file's names may have or lack, each name by itself: `transformer.`.
    package var prefixes: [String]
    /// An export also writes this tensor (key) with the bytes of that one (value).
    package var copies: [String: String]

    package init(
        _ parameters: [StoredParameter], ignored: [String] = [], prefixes: [String] = [], copies: [String: String] = [:]
    ) {
        self.parameters = parameters
        self.ignored = ignored
        self.prefixes = prefixes
        self.copies = copies
    }
}
