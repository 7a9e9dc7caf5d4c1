/// The program's version: what `echelon --version` prints, and what all processes of a run must share.
public enum ProgramVersion {
    /// Three numbers, as in semantic versioning.
    public static let text = "0.1.0"
}
