import os
import shutil
import uuid

from fastapi import APIRouter, HTTPException, UploadFile

router = APIRouter(prefix="/api/uploads", tags=["uploads"])

FOLDER = "uploads"
ALLOWED = {".jpg", ".jpeg", ".png", ".webp", ".gif", ".pdf", ".txt"}


@router.post("", status_code=201)
def upload(file: UploadFile):
    extension = os.path.splitext(file.filename or "")[1].lower()
    if extension not in ALLOWED:
        raise HTTPException(415, "this kind of file is not accepted")
    os.makedirs(FOLDER, exist_ok=True)
    name = uuid.uuid4().hex + extension
    with open(os.path.join(FOLDER, name), "wb") as target:
        shutil.copyfileobj(file.file, target)
    # nginx serves this path from the same folder.
    return {"url": f"/uploads/{name}"}
