/// A file that is not what somebody took it for, known by its first bytes.
package enum ForeignFile: Hashable, Sendable {
    /// No byte at all.
    case empty
    /// What git keeps in place of a large file until that is fetched.
    case lfsPointer
    /// A zip archive of PyTorch's `torch.save`, or a pickle of its older form.
    case torch
    case numpy
    case gguf
    case hdf5
    case parquet
    case webPage
    /// Compressed, by this program.
    case compressed(String)
    case zip
    case json

    /// How many first bytes are looked at.
    package static let headCount = 512

    /// nil: nothing that is known.
    package init?(head: some Collection<UInt8>) {
        let head = Array(head.prefix(Self.headCount))
        func starts(_ text: String) -> Bool { head.starts(with: text.utf8) }
        if head.isEmpty {
            self = .empty
        } else if starts("version https://git-lfs") {
            self = .lfsPointer
        } else if starts("PK\u{3}\u{4}") {
            let text = String(decoding: head, as: UTF8.self)
            self = text.contains("data.pkl") ? .torch : text.contains(".npy") ? .numpy : .zip
        } else if head.count > 1, head[0] == 0x80, (2...5).contains(head[1]) {
            self = .torch
        } else if head.starts(with: [0x93]), head.dropFirst().starts(with: "NUMPY".utf8) {
            self = .numpy
        } else if starts("GGUF") {
            self = .gguf
        } else if head.starts(with: [0x89]), head.dropFirst().starts(with: "HDF\r\n".utf8) {
            self = .hdf5
        } else if starts("PAR1") {
            self = .parquet
        } else if let program = Self.compression(head) {
            self = .compressed(program)
        } else {
            let text = head.drop { [0x20, 0x09, 0x0A, 0x0D].contains($0) }
            let start = String(decoding: text.prefix(14), as: UTF8.self).lowercased()
            if start.hasPrefix("<!doctype html") || start.hasPrefix("<html") {
                self = .webPage
            } else if start.hasPrefix("{") || start.hasPrefix("[") {
                self = .json
            } else {
                return nil
            }
        }
    }

    /// The program that undoes a compression, by the first bytes.
    private static func compression(_ head: [UInt8]) -> String? {
        let magics: [([UInt8], String)] = [
            ([0x1f, 0x8b], "gunzip"), ([0x28, 0xb5, 0x2f, 0xfd], "unzstd"), ([0xfd, 0x37, 0x7a, 0x58], "unxz"),
            ([0x42, 0x5a, 0x68], "bunzip2"),
        ]
        return magics.first { head.starts(with: $0.0) }?.1
    }
}

extension ForeignFile: CustomStringConvertible {
    /// `a Git LFS pointer, not the file itself: …`, with what helps whatever was expected.
    package var description: String {
        switch self {
        case .empty: "an empty file: what made it did not finish; make, copy or download it again"
        case .lfsPointer: "a Git LFS pointer, not the file itself: fetch that with `git lfs pull`"
        case .torch: "a file of PyTorch's torch.save"
        case .numpy: "a NumPy file"
        case .gguf: "a GGUF file"
        case .hdf5: "an HDF5 file"
        case .parquet: "a Parquet file"
        case .webPage: "a web page, as a download from the page about a file gives: download the file itself"
        case .compressed(let program): "a compressed file: unpack it with \(program)"
        case .zip: "a zip archive: unpack it"
        case .json: "JSON text"
        }
    }
}
