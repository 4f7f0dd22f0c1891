"""Times how isovox opens and writes files beside its peers, on the same files in the same run; voxels are compared first.

Usage: files.py BENCH_PROGRAM [--slices 275] [--threads 1] [--out results.json] [--only TEXT]
A synthetic chest (275x512x512, int16, HU) as the project's speed goals define it. CPU seconds of one thread, best of three;
needs numpy, scipy, opencv, pydicom with pylibjpeg-openjpeg, pylibjpeg-libjpeg and pyjpegls, SimpleITK, nibabel, tifffile.
"""
import argparse
import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path

# First: peers read how many threads they may use when they are imported.
from timing import Record, digest, timed

import cv2
import nibabel
import numpy as np
import pydicom
import SimpleITK as sitk
import tifffile
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, JPEG2000Lossless, JPEGLSLossless, RLELossless

from phantoms import chest

cv2.setNumThreads(1)
SPACING = (0.7, 0.7, 1.36)


def write_series(folder, volume, syntax):
    """One file a slice under shuffled names, 12 bits unsigned, intercept -1024."""
    folder.mkdir()
    names = list(range(len(volume)))
    random.Random(0).shuffle(names)
    uid = pydicom.uid.generate_uid(entropy_srcs=["series"])
    for k, plane in enumerate(volume):
        meta = FileMetaDataset()
        meta.TransferSyntaxUID = ExplicitVRLittleEndian
        meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.2"
        meta.MediaStorageSOPInstanceUID = pydicom.uid.generate_uid(entropy_srcs=["slice", str(k)])
        d = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
        d.SOPClassUID, d.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
        d.SeriesInstanceUID = d.StudyInstanceUID = uid
        d.Modality, d.SeriesNumber, d.InstanceNumber = "CT", 1, k + 1
        d.ImagePositionPatient, d.ImageOrientationPatient = [-179, -179, round(k * SPACING[2], 4)], [1, 0, 0, 0, 1, 0]
        d.PixelSpacing, d.SliceThickness = list(SPACING[:2]), SPACING[2]
        d.Rows, d.Columns = plane.shape
        d.SamplesPerPixel, d.PhotometricInterpretation, d.PixelRepresentation = 1, "MONOCHROME2", 0
        d.BitsAllocated, d.BitsStored, d.HighBit = 16, 12, 11
        d.RescaleSlope, d.RescaleIntercept = 1, -1024
        d.PixelData = (plane.astype(np.int32) + 1024).astype("<u2").tobytes()
        d["PixelData"].VR = "OW"
        if syntax is not None:
            d.compress(syntax, generate_instance_uid=False)
        d.save_as(folder / f"{names[k]:05}.dcm", enforce_file_format=True)


def lossless(folder, volume):
    """The same in lossless JPEG, which SimpleITK writes."""
    folder.mkdir()
    writer = sitk.ImageFileWriter()
    writer.SetCompressor("JPEG")
    writer.UseCompressionOn()
    writer.KeepOriginalImageUIDOn()
    for k, plane in enumerate(volume):
        image = sitk.GetImageFromArray((plane.astype(np.int32) + 1024).astype(np.uint16)[None])
        image.SetSpacing(SPACING)
        place = ("0020|0032", f"-179\\-179\\{round(k * SPACING[2], 4)}")
        said = [("0020|000e", "1.2.3.4.5"), ("0020|000d", "1.2.3.4"), ("0008|0060", "CT"), ("0020|0013", str(k + 1)), place]
        for tag, value in [*said, ("0020|0037", "1\\0\\0\\0\\1\\0"), ("0028|1052", "-1024"), ("0028|1053", "1")]:
            image.SetMetaData(tag, value)
        writer.SetFileName(str(folder / f"{k:05}.dcm"))
        writer.Execute(image)


def by_pydicom(folder):
    slices = sorted((pydicom.dcmread(f) for f in folder.iterdir()), key=lambda d: float(d.ImagePositionPatient[2]))
    return np.stack([(d.pixel_array.astype(np.int32) + int(d.RescaleIntercept)).astype(np.int16) for d in slices])


def by_sitk(folder):
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder)))
    return sitk.GetArrayFromImage(reader.Execute())


def headers(folder):
    return [pydicom.dcmread(f, stop_before_pixels=True).ImagePositionPatient for f in folder.iterdir()]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("program")
    parser.add_argument("--slices", type=int, default=275)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--only", default="")
    parser.add_argument("--out")
    a = parser.parse_args()
    volume = chest(a.slices, 512)
    image = sitk.GetImageFromArray(volume)
    image.SetSpacing(SPACING)
    with tempfile.TemporaryDirectory() as place:
        at = Path(place)

        def series(name, syntax):
            return lambda: write_series(at / name, volume, syntax)

        def sitk_file(name, compress):
            return lambda: sitk.WriteImage(image, str(at / name), useCompression=compress)

        def nifti(name):
            return lambda: nibabel.save(nibabel.Nifti1Image(volume.T, np.diag([*SPACING, 1])), at / name)

        def slices_of(name, ending):
            def write():
                (at / name).mkdir()
                for k, plane in enumerate(volume):
                    cv2.imwrite(str(at / name / f"{k:04}.{ending}"), (plane.astype(np.int32) + 1024).astype(np.uint16))
            return write

        def stacked(name):
            return np.stack([cv2.imread(str(f), cv2.IMREAD_UNCHANGED) for f in sorted((at / name).iterdir())])

        def read(name):
            return sitk.GetArrayFromImage(sitk.ReadImage(str(at / name)))

        stored = (volume.astype(np.int32) + 1024).astype(np.uint16)
        cases = [
            ("DICOM series, raw", "open", "raw", series("raw", None), [("pydicom", by_pydicom), ("SimpleITK", by_sitk)], 2.5),
            ("DICOM headers only", "headers", "raw", series("raw", None), [("pydicom", headers)], 7.0),
            ("DICOM JPEG-LS", "open", "jls", series("jls", JPEGLSLossless), [("SimpleITK", by_sitk)], 1.2),
            ("DICOM lossless JPEG", "open", "jpg", lambda: lossless(at / "jpg", volume), [("SimpleITK", by_sitk)], 2.2),
            ("DICOM JPEG 2000", "open", "j2k", series("j2k", JPEG2000Lossless), [("SimpleITK", by_sitk)], 1.2),
            ("DICOM RLE", "open", "rle", series("rle", RLELossless), [("pydicom", by_pydicom)], 4.0),
            (".nii.gz to array", "open", "a.nii.gz", nifti("a.nii.gz"), [("SimpleITK", lambda f: read(f.name)), ("nibabel", lambda f: np.asarray(nibabel.load(f).dataobj).T)], 2.0),
            ("MHA zlib", "open", "b.mha", sitk_file("b.mha", True), [("SimpleITK", lambda f: read(f.name))], 1.9),
            ("NRRD gz", "open", "c.nrrd", sitk_file("c.nrrd", True), [("SimpleITK", lambda f: read(f.name))], 1.9),
            ("TIFF deflate + predictor", "open", "d.tif", lambda: tifffile.imwrite(at / "d.tif", stored, compression="zlib", predictor=True), [("tifffile", tifffile.imread)], 1.8),
            ("TIFF slices", "open", "tif", slices_of("tif", "tif"), [("cv2", lambda f: stacked(f.name))], 2.0),
            ("PNG slices", "open", "png", slices_of("png", "png"), [("cv2", lambda f: stacked(f.name))], 3.0),
            ("save .nii.gz", "save", "raw", series("raw", None), [("nibabel (level 1)", lambda f: nifti("saved.nii.gz")())], 3.0),
        ]
        record = Record(a.threads)
        for name, what, where, make, peers, goal in (c for c in cases if a.only in c[0]):
            path = at / where
            if not path.exists():
                make()
            command = [a.program, what, str(path), str(at / "ours.nii.gz"), str(a.threads), "3"]
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode != 0:
                print(f"{name:26} {done.stderr.strip()}", file=sys.stderr)
                continue
            ours = json.loads(done.stdout)
            best = min(((timed(lambda: peer(path)), peer_name) for peer_name, peer in peers), key=lambda p: p[0][0])
            (peer_s, result), peer_name = best
            agreed = None if what != "open" else digest(result.astype("<i2")) == ours["result"]
            record.add(name, ours, peer_name, peer_s, goal, agreed)
    record.save(a.out, f"--slices {a.slices}")


if __name__ == "__main__":
    main()
