"""What the formats call the fields that Segue knows."""

from __future__ import annotations

from collections.abc import Mapping

VARIOUS_ARTISTS = "Various Artists"  # of an album

# By field; where a block has several of a field's names, the first that says something counts. First come the
# names of Vorbis comments, APEv2, Matroska and FFmpeg, then those of ID3, MP4, ASF, RIFF INFO and AIFF.
NAMES: Mapping[str, str] = {
    "title": "title TIT2 TT2 \xa9nam INAM NAME",
    "artists": "artists WM/ARTISTS",
    "artist": "artist author performer lead_performer TPE1 TP1 \xa9ART IART AUTH ISTR",
    "album": "album TALB TAL \xa9alb WM/AlbumTitle IPRD",
    "album_artist": "albumartist album_artist TPE2 TP2 aART WM/AlbumArtist IAAR",
    "genre": "genre TCON TCO \xa9gen gnre WM/Genre IGNR",
    "year": "date year date_released date_recorded originaldate originalyear TDRC TYER TYE TDRL TDOR TORY "
    "\xa9day WM/Year WM/OriginalReleaseYear ICRD",
    "track_number": "tracknumber track part_number TRCK TRK trkn WM/TrackNumber ITRK IPRT",
    "disc_number": "discnumber disc disk TPOS TPA WM/PartOfSet",
    "compilation": "compilation itunescompilation TCMP TCP cpil WM/IsCompilation",
}
SEVERAL = frozenset(("artists", "artist", "album_artist", "genre"))  # fields that may hold several names
FIELD_OF: Mapping[str, str] = {
    native.lower(): what for what, names in NAMES.items() for native in names.split()
} | {"album artist": "album_artist"}
RANKS: Mapping[str, int] = {native: rank for rank, native in enumerate(FIELD_OF)}
